import { parsed, type Schema, text } from "./schema.ts";

const leapYear = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)";
const date = [
  "[0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])",
  "[0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)",
  "[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])",
  `${leapYear}-02-29`,
].join("|");
/** RFC 3339 without its liberties: `T` and `Z` in upper case, no leap second. Days that no month has are refused, not counted on into the next. */
const shape = `^(${date})T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`;

/**
 * A moment, decoded to epoch ms. Not `format: date-time`: the API server takes more with it than is a time (a month's 31st of thirty days), and CEL then
 * sees a timestamp instead of what was written.
 */
export function timestampField(description: string): Schema<number, "present"> {
  const message = 'must be a time as in RFC 3339, such as "2027-01-31T00:00:00Z"';
  const pattern = new RegExp(shape, "u");
  return parsed(text(description, { maxLength: 64 }), { rule: `self.matches(r'${shape}')`, message }, (value) =>
    pattern.test(value) ? { ok: true, value: Date.parse(value) } : { ok: false, message },
  );
}
