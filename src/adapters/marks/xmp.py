"""XMP packets: writes, adds and reads simple properties (ISO 16684-1, 7).

Adding keeps every byte of an existing packet: the missing properties go into a further `rdf:Description`, which RDF
allows.
"""

import re
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from darkroom.domain.model.errors import InvalidValue

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
# By their usual prefixes. A name under `.invalid` can never be registered (RFC 2606), so no other party can define our
# namespace.
NAMESPACES: Final[Mapping[str, str]] = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "dcterms": "http://purl.org/dc/terms/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "darkroom": "http://darkroom.invalid/ns/1.0/",
}
_RDF_DECLARED: Final = f" xmlns:rdf={quoteattr(RDF)}"
_DECLARED: Final = {prefix: f" xmlns:{prefix}={quoteattr(namespace)}" for prefix, namespace in NAMESPACES.items()}
_PREFIXES: Final = {namespace: prefix for prefix, namespace in NAMESPACES.items()}
# XML 1.0 allows no control characters but tab and line ends, no surrogates, and neither of the last two.
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BEGIN: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
)
_END: Final = '</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'

Properties = Mapping[str, str]
"""Texts by prefixed name, such as `xmp:CreatorTool`."""


def packet(properties: Properties) -> bytes:
    """Return a packet with these properties; equal properties give equal bytes."""
    return (_BEGIN + _description(properties, about="") + _END).encode()


def read(existing: bytes) -> Properties:
    """Return the simple properties of a packet that belong to `NAMESPACES`.

    Raises:
        InvalidValue: it is not an XMP packet in UTF-8.
    """
    return _Reader(existing).properties


def with_properties(existing: bytes, properties: Properties) -> bytes:
    """Return the packet with those properties added that it lacks; existing ones keep their values.

    Raises:
        InvalidValue: it is not an XMP packet in UTF-8.
    """
    reader = _Reader(existing)
    missing = {name: text for name, text in properties.items() if name not in reader.names}
    if not missing:
        return existing
    ours = _description(missing, about=reader.about).encode()
    return existing[: reader.end] + ours + existing[reader.end :]


def _description(properties: Properties, *, about: str) -> str:
    # RDF is declared here too, in case the surrounding packet uses another prefix for it.
    declared = dict.fromkeys([_DECLARED[name.partition(":")[0]] for name in properties])
    # Elements, not attributes: XML turns a line end in an attribute into a blank.
    elements = [f"<{name}>{escape(_NOT_IN_XML.sub('', text))}</{name}>" for name, text in properties.items()]
    opening = f"<rdf:Description{_RDF_DECLARED} rdf:about={quoteattr(about)}{''.join(declared)}>"
    return f"{opening}{''.join(elements)}</rdf:Description>"


class _Reader:
    """Parses a packet once.

    Attributes:
        properties: The texts of simple properties in `NAMESPACES`, by prefixed name.
        names: The prefixed names of all properties in `NAMESPACES`, including structures and empty ones.
        about: The first non-empty `rdf:about`; empty if there is none.
        end: The byte offset of the end tag of `rdf:RDF`.
    """

    def __init__(self, packet: bytes) -> None:
        self.properties: dict[str, str] = {}
        self.names: set[str] = set()
        self.about = ""
        self.end = -1
        self._packet, self._path, self._text = packet, list[str](), ""
        self._parser = parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._stop
        parser.CharacterDataHandler = self._read
        try:
            parser.Parse(packet.rstrip(b"\0"), True)  # noqa: FBT003  # the parser's own signature
        except expat.ExpatError as flaw:
            raise InvalidValue("its XMP packet is not XML") from flaw
        if self.end < 0:
            raise InvalidValue("its XMP packet describes nothing")

    def _refuse(self, *_: object) -> None:
        # XMP needs no document type, and its entities can expand without limit ("billion laughs").
        raise InvalidValue("its XMP packet declares a document type")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._path.append(name)
        self._text = ""
        if self._path[-2:] == [f"{RDF} RDF", f"{RDF} Description"]:
            self.about = self.about or attributes.get(f"{RDF} about", "")
            for attribute, text in attributes.items():
                self._found(attribute, text)
        elif self._at_property and (link := attributes.get(f"{RDF} resource")):
            self._text = link

    def _read(self, text: str) -> None:
        self._text += text

    def _stop(self, name: str) -> None:
        if self._at_property:
            self._found(name, self._text.strip())
        elif name == f"{RDF} RDF" and self._packet.startswith(b"</", self._parser.CurrentByteIndex):
            self.end = self._parser.CurrentByteIndex
        self._path.pop()

    @property
    def _at_property(self) -> bool:
        return self._path[-3:-1] == [f"{RDF} RDF", f"{RDF} Description"]

    def _found(self, name: str, text: str) -> None:
        namespace, _, local = name.rpartition(" ")
        if prefix := _PREFIXES.get(namespace):
            self.names.add(f"{prefix}:{local}")
            if text:
                self.properties[f"{prefix}:{local}"] = text
