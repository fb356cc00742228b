/** The price of an image from `GET /api/models`: by the image, by megapixels, or by size. */

const MEGAPIXEL = 1_048_576;

/** Returns the price of an image of these pixels; null if none is known. */
export function priceOf(price, width, height) {
  if (!price) return null;
  const { amount, further, currency, sizes = [] } = price;
  const listed = sizes.find((size) => size.width === width && size.height === height);
  if (listed) return { amount: Number(listed.amount), currency };
  if (amount === undefined) return { amount: Math.max(...sizes.map((size) => Number(size.amount))), currency };
  const megapixels = Math.max(1, Math.ceil((width * height) / MEGAPIXEL));
  return { amount: Number(amount) + Number(further ?? 0) * (megapixels - 1), currency };
}
