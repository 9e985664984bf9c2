import { randomBytes } from "node:crypto";

/**
 * bcrypt (`$2y$`), because a registry's htpasswd file takes nothing else and this machine need not have Apache's tools. Provos
 * and Mazières, "A Future-Adaptable Password Scheme" (1999); only for tests: cost 4, the least that Go's bcrypt accepts.
 */
export function bcrypt(password: string, salt: Uint8Array = randomBytes(16), cost = 4): string {
  const key = Buffer.from(`${password}\0`, "utf8");
  if (key.length > 72) throw new RangeError("bcrypt reads 72 bytes at most"); // more would be cut off in silence
  const state = piState();
  expandKey(state, key, salt);
  for (let round = 0; round < 2 ** cost; round += 1) {
    expandKey(state, key);
    expandKey(state, salt);
  }
  const text = wordsOf(Buffer.from("OrpheanBeholderScryDoubt"));
  for (let at = 0; at < text.length; at += 2) {
    for (let round = 0; round < 64; round += 1) encipher(state, text, at);
  }
  const digest = Buffer.alloc(24);
  text.forEach((word, index) => digest.writeUInt32BE(word, index * 4));
  return `$2y$${String(cost).padStart(2, "0")}$${encode(salt)}${encode(digest.subarray(0, 23))}`; // 23: the original forgot a byte
}

/** Blowfish's P-array (18 words) and four S-boxes (256 words each) in one array. */
type State = Uint32Array;
const pLength = 18;
const stateLength = pLength + 4 * 256;

/** Blowfish starts from the fractional digits of pi: 20 lines that compute them instead of 1042 constants (Machin's formula). */
function piState(): State {
  const bits = BigInt(stateLength * 32);
  const one = 1n << (bits + 64n); // 64 guard bits for the rounding of some 10,000 terms
  const arctanInverse = (x: bigint): bigint => {
    let [power, sum, divisor, sign] = [one / x, 0n, 1n, 1n];
    for (; power > 0n; power /= x * x, divisor += 2n, sign = -sign) sum += (sign * power) / divisor;
    return sum;
  };
  const fraction = ((16n * arctanInverse(5n) - 4n * arctanInverse(239n)) % one) >> 64n;
  const hex = fraction.toString(16).padStart(stateLength * 8, "0");
  return Uint32Array.from({ length: stateLength }, (_, index) => Number.parseInt(hex.slice(index * 8, index * 8 + 8), 16));
}

/** Mixes `key` into the P-array, then replaces all of the state by successive encryptions, of the salt if there is one. */
function expandKey(state: State, key: Uint8Array, salt?: Uint8Array): void {
  const keyWord = cyclicWords(key);
  for (let index = 0; index < pLength; index += 1) state[index] = at(state, index) ^ keyWord();
  const saltWord = salt === undefined ? () => 0 : cyclicWords(salt);
  const block = new Uint32Array(2);
  for (let index = 0; index < stateLength; index += 2) {
    block[0] = at(block, 0) ^ saltWord();
    block[1] = at(block, 1) ^ saltWord();
    encipher(state, block, 0);
    state.set(block, index);
  }
}

function encipher(state: State, block: Uint32Array, offset: number): void {
  let [left, right] = [at(block, offset), at(block, offset + 1)];
  for (let round = 0; round < 16; round += 1) {
    left = (left ^ at(state, round)) >>> 0;
    const box = (number: number): number => at(state, pLength + number * 256 + ((left >>> (24 - number * 8)) & 0xff));
    const mixed = (((((box(0) + box(1)) >>> 0) ^ box(2)) >>> 0) + box(3)) >>> 0;
    [left, right] = [(right ^ mixed) >>> 0, left];
  }
  block[offset] = right ^ at(state, 17);
  block[offset + 1] = left ^ at(state, 16);
}

/** Big-endian words of `bytes`, from the front again when they are used up. */
function cyclicWords(bytes: Uint8Array): () => number {
  let position = 0;
  return () => {
    let word = 0;
    for (let count = 0; count < 4; count += 1, position += 1) word = (word << 8) | at(bytes, position % bytes.length);
    return word >>> 0;
  };
}

const wordsOf = (bytes: Buffer): Uint32Array => Uint32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32BE(index * 4));
const at = (values: Uint8Array | Uint32Array, index: number): number => values[index] ?? 0;

const alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Base64 with an alphabet of its own and no padding. */
function encode(bytes: Uint8Array): string {
  const standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return Buffer.from(bytes)
    .toString("base64")
    .replaceAll("=", "")
    .replaceAll(/./g, (digit) => alphabet.charAt(standard.indexOf(digit)));
}
