// How numbers have to stand on a page, said here anew rather than asked of the product: whatever digits a page shows, they
// are the document's number rounded to that many, and no fewer digits than its unit asks for.

/** Units: what a number is multiplied with, and the digits that it has at least. */
export const SHARE = { scale: 100, digits: 1 };
export const PLAIN = { scale: 1, digits: 3 };
/** What is measured may be of any size: at least three digits that count, in powers of ten where it is very small or large. */
export const MEASURED = { scale: 1, digits: 3, significant: true };
export const MILLISECONDS = { scale: 1, digits: 1 };
export const MONEY = { scale: 1, digits: 2 };
export const COUNT = { scale: 1, digits: 0 };
export const P_VALUE = { scale: 1, digits: 4 };

const NUMBER = /[+-]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?/g;
const numbersIn = (text) => text.match(NUMBER) ?? [];

/** Whether one number as it is written is this value; counts have separators for thousands. */
function is(written, value, { scale, digits, significant }) {
  const wanted = value * scale;
  if (digits === 0) return written.replace(/^\+/, "") === value.toLocaleString("en-US");
  const plain = written.replaceAll(",", "");
  if (significant) return isMeasured(plain, value, digits);
  const places = plain.split(".")[1]?.length ?? 0;
  const near = Math.abs(Number(plain) - wanted) <= 0.5 * 10 ** -places + 1e-9 * Math.max(1, Math.abs(wanted));
  return near && places >= digits && (Number(plain) !== 0 || Math.abs(wanted) < 1e-8);
}

function isMeasured(plain, value, digits) {
  const [mantissa, exponent = "0"] = plain.split("e");
  const places = (mantissa.split(".")[1]?.length ?? 0) - Number(exponent);
  const counting = mantissa.replace(/[+.-]/g, "").replace(/^0+/, "").length;
  if (value === 0) return Number(plain) === 0;
  const near = Math.abs(Number(plain) - value) <= 0.5 * 10 ** -places + 1e-12 * Math.abs(value);
  // At the edges rounding decides.
  const size = Math.abs(value);
  const powers = size < 9.9e-5 || size > 1.01e9 ? true : size > 1.01e-4 && size < 9.9e8 ? false : plain.includes("e");
  return near && counting >= digits && plain.includes("e") === powers;
}

/** What is wrong with a text that stands for these values; nothing if they are there in their order and no other number is. */
export function wrong(text, values, unit) {
  const present = values.filter((value) => value !== null && value !== undefined);
  if (present.length < values.length) return numbersIn(text).length > 0 && `shows ${text} where there is no value`;
  if (unit === P_VALUE && text.startsWith("<")) return values[0] >= 0.0001 && `shows ${text} for ${values[0]}`;
  const written = numbersIn(text);
  const fine = written.length === values.length && written.every((one, i) => is(one, values[i], unit));
  return !fine && `shows ${JSON.stringify(text)} for ${values.join(" to ")}`;
}

/** Whether a sentence names this value, whatever else it says; differences may stand without their sign. */
export const names = (text, value, unit) => numbersIn(text).some((one) => is(one, value, unit) || is(one, -value, unit) || is(one, Math.abs(value), unit));
