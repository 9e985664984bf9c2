import fc from "fast-check";

/** JSON as it is written: names may stand twice, and come in any spelling. */
type Node =
  | { readonly kind: "object"; readonly entries: readonly Entry[] }
  | { readonly kind: "array"; readonly items: readonly Node[] }
  | { readonly kind: "text"; readonly text: string };
interface Entry {
  /** As it is written, quotes included. */
  readonly name: string;
  readonly value: Node;
}

/** A document that somebody made for a decoder. */
export interface HostileDocument {
  readonly text: string;
  /** An object in it has a name twice, whatever its spelling. */
  readonly isAmbiguous: boolean;
}

/** Documents that differ from `document` in one to four places: values of other types and sizes, names that are missing, doubled or inherited, depth, length. */
export function hostileDocument(document: unknown): fc.Arbitrary<HostileDocument> {
  const root = toNode(document);
  const change = fc.record({ at: fc.nat(10_000), how: fc.constantFrom(...changes), with: fc.constantFrom(...values) });
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((list) => {
    const node = list.reduce<Node>(
      (before, { at, how, with: value }) => changeAt(before, at % sizeOf(before), (old) => how(old, value, root)),
      root,
    );
    return { text: print(node), isAmbiguous: isAmbiguous(node) };
  });
}

/** The same as bytes, at times cut short or with bytes in them that are no UTF-8. */
export function hostileBytes(document: unknown): fc.Arbitrary<Uint8Array> {
  const whole = hostileDocument(document).map(({ text }) => Buffer.from(text));
  const cut = fc.tuple(whole, fc.nat(10_000)).map(([bytes, at]) => bytes.subarray(0, at % (bytes.byteLength + 1)));
  const spoilt = fc.tuple(whole, fc.nat(10_000), fc.nat(255)).map(([bytes, at, value]) => {
    const copy = Uint8Array.from(bytes);
    copy[at % Math.max(1, copy.byteLength)] = value;
    return copy;
  });
  return fc.oneof({ arbitrary: whole, weight: 3 }, cut, spoilt);
}

const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const values: readonly string[] = [
  ...["null", "true", "0", "-1", "0.5", "1e308", "1e999", "9007199254740993", "{}", "[]", '""', '"\\u0000"', '"\\ud800"'],
  ...['{"length":1,"0":{}}', '{"__proto__":{}}', "[null]", nested(31), nested(40), nested(5000)],
  ...[JSON.stringify("x".repeat(3000)), JSON.stringify("=".repeat(2000)), JSON.stringify("\u001b[31m\n".repeat(40))],
];

type Change = (old: Node, value: string, root: Node) => Node;
const text = (written: string): Node => ({ kind: "text", text: written });
const changes: readonly Change[] = [
  (_, value) => text(value),
  (_, value) => text(value),
  (old) => ({ kind: "array", items: [old] }),
  (old) => ({ kind: "array", items: [old, old] }),
  (old) =>
    old.kind === "array" && old.items.length < 100
      ? { ...old, items: old.items.flatMap((item) => Array.from({ length: 70 }, () => item)) }
      : old,
  ...[
    (entries: readonly Entry[]) => entries.slice(1),
    (entries: readonly Entry[]) => entries.toReversed(),
    (entries: readonly Entry[]) => [...entries, ...entries.slice(0, 1)],
    (entries: readonly Entry[], value: string) => [...entries.slice(0, 1).map((entry) => ({ ...entry, value: text(value) })), ...entries],
    (entries: readonly Entry[], value: string) => [
      ...entries,
      ...entries.slice(0, 1).map(({ name }) => ({ name: escaped(name), value: text(value) })),
    ],
    (entries: readonly Entry[], value: string) => [...entries, { name: '"constructor"', value: text(value) }],
    (entries: readonly Entry[], _: string, root: Node) => [...entries.slice(1), { name: '"__proto__"', value: root }],
    (entries: readonly Entry[]) => entries.map(({ name, value }, at) => ({ name: at === 0 ? '"__proto__"' : name, value })),
  ].map(
    (edit): Change =>
      (old, value, root) =>
        old.kind === "object" ? { ...old, entries: edit(old.entries, value, root) } : text(value),
  ),
];

/** The same name in another spelling. */
function escaped(name: string): string {
  const [first = ""] = JSON.parse(name) as string;
  return first === "" ? name : `"\\u${first.charCodeAt(0).toString(16).padStart(4, "0")}${name.slice(2)}`;
}

function toNode(value: unknown): Node {
  if (Array.isArray(value)) return { kind: "array", items: value.map(toNode) };
  if (typeof value !== "object" || value === null) return text(JSON.stringify(value) ?? "null");
  return { kind: "object", entries: Object.entries(value).map(([name, item]) => ({ name: JSON.stringify(name), value: toNode(item) })) };
}

function childrenOf(node: Node): readonly Node[] {
  if (node.kind === "array") return node.items;
  return node.kind === "object" ? node.entries.map(({ value }) => value) : [];
}

function sizeOf(node: Node): number {
  return childrenOf(node).reduce((sum, child) => sum + sizeOf(child), 1);
}

/** Changes the node that is the `at`-th, counted from the root. */
function changeAt(node: Node, at: number, change: (old: Node) => Node): Node {
  if (at === 0) return change(node);
  let rest = at - 1;
  const visit = (child: Node): Node => {
    const size = sizeOf(child);
    const isHere = rest >= 0 && rest < size;
    const result = isHere ? changeAt(child, rest, change) : child;
    rest = isHere ? -1 : rest - size;
    return result;
  };
  if (node.kind === "array") return { ...node, items: node.items.map(visit) };
  return node.kind === "object" ? { ...node, entries: node.entries.map((entry) => ({ ...entry, value: visit(entry.value) })) } : node;
}

function print(node: Node): string {
  if (node.kind === "text") return node.text;
  if (node.kind === "array") return `[${node.items.map(print).join()}]`;
  return `{${node.entries.map(({ name, value }) => `${name}:${print(value)}`).join()}}`;
}

function isAmbiguous(node: Node): boolean {
  const names = node.kind === "object" ? node.entries.map(({ name }) => JSON.parse(name) as string) : [];
  return new Set(names).size !== names.length || childrenOf(node).some(isAmbiguous);
}
