"""The English and Korean words that influence a picture, and their concepts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from darkroom.adapters.generators.sketch.motifs import Motif


@dataclass(frozen=True, slots=True)
class Concept:
    """The meaning of a word: its weights for motifs and palettes."""

    motifs: Mapping[Motif, int]
    palettes: Mapping[str, int]

    @property
    def core(self) -> set[Motif]:
        """The motifs with the greatest weight, which a negative prompt with this concept excludes."""
        return {motif for motif, weight in self.motifs.items() if weight == max(self.motifs.values())}


# English words, Korean words, and their concept. In the choice of a palette, times of day and weather outweigh places,
# and names of colours outweigh both.
_CONCEPTS: Final[Sequence[tuple[str, str, Concept]]] = (
    # places
    (
        "sea ocean wave water coast shore beach bay island lake river harbor harbour pond lagoon tide",
        "바다 바닷가 해변 파도 해안 호수 강 섬 항구 물결 연못",
        Concept({Motif.SEA: 8}, {"azure": 3, "lagoon": 3, "jade": 1}),
    ),
    (
        "mountain peak alps ridge valley cliff canyon fjord",
        "산 산맥 산봉우리 계곡 협곡 절벽 봉우리",
        Concept({Motif.MOUNTAINS: 8}, {"pine": 2, "azure": 2, "golden hour": 1, "jade": 1}),
    ),
    (
        "forest wood tree jungle pine grove woodland bamboo",
        "숲 숲속 나무 소나무 밀림 대나무 산림",
        Concept({Motif.FOREST: 8}, {"pine": 4, "moss": 3, "jade": 2}),
    ),
    (
        "desert dune sand sahara oasis",
        "사막 모래 모래언덕",
        Concept({Motif.DESERT: 8}, {"desert": 5, "clay": 2}),
    ),
    (
        "city town skyline street building tower skyscraper downtown metropolis tokyo seoul york",
        "도시 거리 빌딩 서울 시내 고층 마천루 번화가",
        Concept({Motif.CITY: 8}, {"violet dusk": 1, "midnight": 1, "storm": 1, "azure": 1}),
    ),
    (
        "meadow field grass prairie farm hill countryside village pasture",
        "들판 초원 밭 잔디 풀밭 언덕 시골 마을 논 평원",
        Concept({Motif.MEADOW: 8}, {"meadow": 4, "moss": 2, "golden hour": 1}),
    ),
    # forms
    (
        "flower blossom rose tulip bloom petal garden lotus peony bouquet dahlia orchid daisy lily poppy sunflower",
        "꽃 꽃다발 장미 튤립 연꽃 정원 꽃잎 모란 국화 백합 꽃밭",
        Concept({Motif.BLOSSOMS: 6}, {"blossom": 3, "meadow": 2, "rose dusk": 1}),
    ),
    (
        "cherry sakura",
        "벚꽃",
        Concept({Motif.BLOSSOMS: 5, Motif.PETALS: 6}, {"blossom": 6}),
    ),
    (
        "fire flame blaze lava volcano burn inferno phoenix dragon",
        "불 불꽃 용암 화산 화염 불길",
        Concept({Motif.FLAMES: 9}, {"lava": 8, "ember": 3}),
    ),
    (
        "smoke dream spirit silk fluid liquid swirl soul abstract",
        "연기 꿈 영혼 비단 추상 물감 소용돌이",
        Concept({Motif.SMOKE: 6}, {"violet dusk": 1, "jade": 1, "lagoon": 1}),
    ),
    (
        "ink",
        "먹물",
        Concept({Motif.SMOKE: 5}, {"ink": 8}),
    ),
    (
        "music wind dance marble stone layer grain agate pattern contour rhythm time jazz song melody breeze",
        "음악 바람 춤 대리석 무늬 지층 결 선율 노래 시간",
        Concept({Motif.STRATA: 6}, {"clay": 1, "rose dusk": 1, "jade": 1}),
    ),
    (
        "space galaxy nebula universe cosmos planet cosmic astronaut interstellar",
        "우주 은하 은하수 성운 행성 우주인",
        Concept({Motif.COSMOS: 9}, {"nebula": 8, "midnight": 2}),
    ),
    # times of day and lights
    (
        "sunset dusk evening twilight sundown",
        "노을 저녁노을 석양 해질녘 해질 황혼 저녁 일몰",
        Concept({Motif.LOW_SUN: 8}, {"rose dusk": 9, "ember": 8, "violet dusk": 7, "golden hour": 5}),
    ),
    (
        "sunrise dawn morning daybreak",
        "일출 새벽 아침 해돋이 여명",
        Concept({Motif.LOW_SUN: 8}, {"golden hour": 9, "rose dusk": 6, "blossom": 5}),
    ),
    (
        "night midnight nocturnal nighttime",
        "밤 한밤 야경 밤하늘 심야",
        Concept({Motif.MOON: 6, Motif.STARS: 6}, {"midnight": 14, "moonlight": 13}),
    ),
    (
        "moon moonlight moonlit lunar crescent",
        "달 달빛 보름달 초승달",
        Concept({Motif.MOON: 9, Motif.STARS: 2}, {"moonlight": 12, "midnight": 11}),
    ),
    (
        "star starry starlight stargazing",
        "별 별빛 별들 별하늘",
        Concept({Motif.STARS: 8, Motif.COSMOS: 2}, {"midnight": 8, "nebula": 4, "aurora": 3}),
    ),
    (
        "sun sunny day noon sunshine sunlight bright",
        "해 태양 햇살 햇빛 낮 한낮",
        Concept({Motif.SUN: 8}, {"azure": 4, "golden hour": 4, "meadow": 3}),
    ),
    (
        "aurora borealis northern",
        "오로라 극광",
        Concept({Motif.NORTHERN_LIGHTS: 9, Motif.STARS: 4}, {"aurora": 12}),
    ),
    # weather and seasons
    (
        "snow winter ice frost snowfall snowy blizzard glacier arctic icy christmas",
        "눈 겨울 얼음 설경 눈송이 설산 눈보라 빙하",
        Concept({Motif.SNOW: 8}, {"snowlight": 9}),
    ),
    (
        "rain storm thunder rainy drizzle monsoon typhoon",
        "비 폭풍 장마 소나기 빗속 태풍 폭우",
        Concept({Motif.RAIN: 8, Motif.CLOUDS: 4}, {"storm": 9}),
    ),
    (
        "mist fog haze misty foggy hazy",
        "안개 물안개",
        Concept({Motif.MIST: 8}, {"pine": 4, "storm": 2, "ink": 2}),
    ),
    (
        "cloud cloudy overcast sky",
        "구름 하늘 흐린",
        Concept({Motif.CLOUDS: 7}, {"azure": 2, "golden hour": 1}),
    ),
    (
        "spring",
        "봄 봄날",
        Concept({Motif.PETALS: 4}, {"blossom": 6, "moss": 3, "meadow": 3}),
    ),
    (
        "summer tropical",
        "여름 열대",
        Concept({Motif.SUN: 4}, {"azure": 5, "lagoon": 5, "meadow": 3}),
    ),
    (
        "autumn fall harvest maple",
        "가을 단풍 낙엽",
        Concept({Motif.PETALS: 3}, {"autumn": 9}),
    ),
    (
        "calm peaceful quiet still serene tranquil gentle",
        "고요한 잔잔한 평화로운 조용한 차분한 고요",
        Concept({Motif.CALM: 8}, {}),
    ),
    # figures
    (
        "lighthouse",
        "등대",
        Concept({Motif.LIGHTHOUSE: 8, Motif.SEA: 6}, {}),
    ),
    (
        "boat ship sail sailboat yacht",
        "돛단배 배 요트 범선 나룻배",
        Concept({Motif.BOAT: 8, Motif.SEA: 6}, {}),
    ),
    (
        "bird seagull gull crow crane swallow",
        "새 갈매기 철새 두루미 제비 기러기",
        Concept({Motif.BIRDS: 8}, {}),
    ),
    (
        "house cabin cottage home hut barn",
        "집 오두막 통나무집 초가집",
        Concept({Motif.HOUSE: 8}, {}),
    ),
    (
        "lantern firefly lamp candle fireflies spark",
        "등불 반딧불 반딧불이 풍등 연등 촛불 불빛",
        Concept({Motif.LANTERNS: 7}, {}),
    ),
    # colours
    (
        "red crimson scarlet ruby",
        "빨간 빨강 붉은 빨간색",
        Concept({}, {"ember": 9, "ink": 6, "lava": 9}),
    ),
    (
        "orange amber",
        "주황 주황색 오렌지",
        Concept({}, {"ember": 10, "autumn": 9, "desert": 8}),
    ),
    (
        "yellow gold golden honey",
        "노란 노랑 금빛 황금 황금빛 노란색",
        Concept({}, {"golden hour": 12, "desert": 8}),
    ),
    (
        "green emerald olive",
        "초록 초록색 녹색 푸르른 연두",
        Concept({}, {"jade": 11, "moss": 10, "pine": 9}),
    ),
    (
        "teal turquoise cyan aqua",
        "청록 청록색 옥색",
        Concept({}, {"lagoon": 12, "jade": 10}),
    ),
    (
        "blue azure cobalt indigo navy",
        "파란 파랑 푸른 하늘색 파란색 남색 쪽빛",
        Concept({}, {"azure": 11, "woodblock": 10}),
    ),
    (
        "purple violet lavender lilac magenta",
        "보라 보라색 보랏빛 자주색 라벤더",
        Concept({}, {"violet dusk": 12, "nebula": 9}),
    ),
    (
        "pink rosy coral",
        "분홍 분홍색 핑크",
        Concept({}, {"blossom": 11, "rose dusk": 10}),
    ),
    (
        "black white monochrome grey gray sumi calligraphy",
        "검은 하얀 흰 흑백 회색 수묵화 먹 수묵",
        Concept({}, {"ink": 12}),
    ),
    (
        "dark gloomy moody",
        "어두운 우울한",
        Concept({}, {"storm": 10, "moonlight": 8}),
    ),
    (
        "neon cyberpunk synthwave futuristic vaporwave",
        "네온 사이버펑크 미래",
        Concept({}, {"neon": 14}),
    ),
    (
        "woodblock ukiyo hokusai vintage print retro",
        "판화 빈티지",
        Concept({}, {"woodblock": 12}),
    ),
    (
        "brown earth clay terracotta rustic",
        "갈색 흙",
        Concept({}, {"clay": 11, "autumn": 8}),
    ),
)

VOCABULARY: Final[Mapping[str, Concept]] = {
    word: concept for english, korean, concept in _CONCEPTS for word in (*english.split(), *korean.split())
}
