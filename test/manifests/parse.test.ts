import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseManifests } from "../../src/manifests/parse.ts";

const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";

function messages(text: string): readonly string[] {
  return parseManifests("f.yaml", text).problems.map((problem) => problem.message);
}

test("parseManifests() reads every document of a file, with its place", () => {
  const text = `# first\n---\n${head}---\n\napiVersion: countersign.dev/v1alpha1\nkind: Store\nmetadata:\n  name: production\n  namespace: n\nspec: {}\n---\n# nothing\n`;
  assert.deepEqual(parseManifests("f.yaml", text), {
    objects: [
      {
        file: "f.yaml",
        line: 3,
        column: 1,
        apiVersion: "v1",
        kind: "ConfigMap",
        name: "x",
        namespace: undefined,
        object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } },
      },
      {
        file: "f.yaml",
        line: 8,
        column: 1,
        apiVersion: "countersign.dev/v1alpha1",
        kind: "Store",
        name: "production",
        namespace: "n",
        object: { apiVersion: "countersign.dev/v1alpha1", kind: "Store", metadata: { name: "production", namespace: "n" }, spec: {} },
      },
    ],
    problems: [],
  });
});

test("parseManifests() reads JSON, Windows line ends, a List, and merge keys", () => {
  const names = (text: string): readonly string[] => parseManifests("f", text).objects.map((object) => object.name);
  assert.deepEqual(names('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "json"}}'), ["json"]);
  assert.deepEqual(names(head.replaceAll("\n", "\r\n")), ["x"]);
  assert.deepEqual(
    names(
      "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A, metadata: {name: a}}\n- {apiVersion: v1, kind: B, metadata: {name: b}}\n",
    ),
    ["a", "b"],
  );
  const merged = parseManifests("f", `${head}base: &b {one: 1, two: 2}\ndata: {<<: *b, two: 3}\n`).objects[0]?.object["data"];
  assert.deepEqual(merged, { one: 1, two: 3 });
});

const bomb = [
  "a0: &a0 [x,x,x,x,x,x,x,x,x]",
  ...Array.from({ length: 12 }, (_, at) => `a${at + 1}: &a${at + 1} [${Array.from({ length: 9 }, () => `*a${at}`).join()}]`),
].join("\n");
const hostile: { readonly name: string; readonly text: string; readonly expected: readonly RegExp[] }[] = [
  { name: "a key twice", text: `${head}data: {a: "1"}\ndata: {a: "2"}\n`, expected: [/^5:1: Map keys must be unique$/] },
  { name: "a key twice, deep down", text: `${head}data:\n  a: "1"\n  a: "2"\n`, expected: [/^6:3: Map keys must be unique$/] },
  { name: "a tab", text: "a:\n\tb: 1\n", expected: [/^2:1: Tabs are not allowed as indentation$/] },
  { name: "an alias bomb", text: bomb, expected: [/^1:1: has an alias without an anchor, or too many aliases$/] },
  { name: "an alias without an anchor", text: "a: *nobody\n", expected: [/^1:1: has an alias/] },
  {
    name: "an alias into what holds it",
    text: "apiVersion: v1\nkind: X\nmetadata: &a {name: x, more: *a}\n",
    expected: [/^1:1: is nested more than 64 levels deep$/],
  },
  { name: "a flow sequence, 100,000 deep", text: "[".repeat(100_000), expected: [/^1:\d+: is nested too deeply$/] },
  {
    name: "a block mapping, 2,000 deep",
    text: Array.from({ length: 2000 }, (_, at) => `${" ".repeat(at)}a:`).join("\n"),
    expected: [/^\d+:\d+: /],
  },
  { name: "a mapping, 65 deep", text: `${"{a: ".repeat(65)}1${"}".repeat(65)}`, expected: [/^1:1: is nested more than 64 levels deep$/] },
  { name: "a scalar", text: "hello", expected: [/^1:1: is not an object with apiVersion, kind and metadata$/] },
  { name: "a sequence", text: "- a\n", expected: [/^1:1: is not an object/] },
  { name: "no kind", text: "apiVersion: v1\n", expected: [/^1:1: has no apiVersion and kind$/] },
  { name: "no name", text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", expected: [/^1:1: ConfigMap has no metadata.name$/] },
  {
    name: "a number for a name",
    text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 1}\n",
    expected: [/^1:1: ConfigMap has no metadata.name$/],
  },
  {
    name: "a number for a namespace",
    text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: 1}\n",
    expected: [/^1:1: ConfigMap\/x has a metadata.namespace that is not a string$/],
  },
  { name: "an item of a List that is none", text: "apiVersion: v1\nkind: List\nitems: [5]\n", expected: [/^1:1: is not an object/] },
  { name: "a List without items", text: "apiVersion: v1\nkind: List\n", expected: [/^1:1: is not an object/] },
  {
    name: "two documents with a fault each",
    text: "a: [\n---\nkind: X\n",
    expected: [/^1:\d+: |^2:1: /, /^3:1: has no apiVersion and kind$/],
  },
];
for (const { name, text, expected } of hostile) {
  test(`parseManifests() names the place of ${name}, and keeps it out`, () => {
    const found = messages(text);
    assert.equal(found.length, expected.length, found.join("\n"));
    for (const [at, pattern] of expected.entries()) assert.match(found[at] ?? "", pattern);
    assert.deepEqual(parseManifests("f.yaml", text).objects, []);
  });
}

test("parseManifests() keeps good documents beside the problems of others: whether they are used is the caller's to say", () => {
  const { objects, problems } = parseManifests("f.yaml", `${head}---\nkind: X\n`);
  assert.deepEqual([objects.length, problems.length], [1, 1]);
});

test("parseManifests() shows nothing of a Secret in a problem", () => {
  for (const value of [
    '"hunter2\\q"',
    "@hunter2",
    "`hunter2",
    "*hunter2",
    "%hunter2",
    "[hunter2",
    '"hunter2',
    "{hunter2: &a",
    "hunter2: hunter2: x",
  ]) {
    const found = messages(`apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: ${value}\n`);
    assert.equal(found.length > 0, true, value);
    assert.doesNotMatch(found.join(), /hunter2/, value);
  }
});

test("parseManifests() is not fooled by __proto__", () => {
  const { objects } = parseManifests("f", `${head}__proto__: {polluted: true}\n`);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  assert.equal((objects[0] as unknown as { object: { polluted?: boolean } }).object.polluted, undefined);
});

test("parseManifests() never throws, and its messages stay short", () => {
  const piece = fc.constantFrom(
    "a: ",
    "- ",
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "!t ",
    "|\n",
    ">",
    "---\n",
    "...",
    "%",
    "?",
    ": ",
    '"',
    "'",
    "#",
    "\t",
    "\0",
    "é",
    "kind: X\n",
    "apiVersion: v1\n",
    "metadata: {name: x}\n",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      for (const { message } of parseManifests("f", pieces.join("")).problems) assert.ok(Buffer.byteLength(message) <= 256);
    }),
    { numRuns: 500, interruptAfterTimeLimit: 3000 },
  );
});

test("parseManifests() repeats nothing of a file that cannot be read: it may be a Secret's", () => {
  const canary = "canary-pa55word";
  const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n";
  const rows: readonly (readonly [string, string])[] = [
    [`  password: |${canary}\n`, "5:14: has something where nothing may stand"],
    [`  password: >${canary}\n`, "5:14: has something where nothing may stand"],
    [`  password: !${canary}!x y\n`, "5:13: has a tag that is not known"],
    [`  password: !${canary}! y\n`, "5:13: has a tag that is not known"],
    [`  password: "\\U0001${canary}"\n`, "5:14: has an escape sequence that does not exist"],
    [`  password: "a"${canary}\n`, "5:16: has something where nothing may stand"],
    [`  password: {a: b}} ${canary}\n`, "5:19: has something where nothing may stand"],
    [`  password: @${canary}\n`, "5:13: Plain value cannot start with reserved character @"],
    [`  password: *${canary}\n`, "1:1: has an alias without an anchor"],
  ];
  for (const [text, begins] of rows) {
    const [first = "", ...others] = messages(secret + text);
    assert.ok(first.startsWith(begins), `${text}: ${first}`);
    assert.ok(![first, ...others].some((message) => message.includes("canary") || message.includes("U0001")), text);
  }
});
