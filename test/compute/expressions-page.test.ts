import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { ExpressionInput } from "../../src/api/expression.ts";
import type { CelType } from "../../src/compute/cel-type.ts";
import { loadCel } from "../../src/compute/load.ts";
import { variables } from "../../src/compute/variables.ts";

const page = readFileSync(new URL("../../docs/reference/expressions.md", import.meta.url), "utf8");
const compiler = await loadCel();
const given = JSON.parse(/<!-- input -->\n\n```json\n([\s\S]*?)```/.exec(page)?.[1] ?? "") as ExpressionInput;

const samples = [...page.matchAll(/```cel\n([\s\S]*?)\n```\n\n(gives `(\w+)`|is refused \(`(.*?)`\))/g)];
test("docs/reference/expressions.md says of every sample what it gives", () => {
  assert.equal(samples.length, page.split("```cel").length - 1);
  assert.ok(samples.length >= 5);
});
for (const [, expression = "", , value, message] of samples) {
  test(`the sample ${expression.replaceAll(/\s+/g, " ")} gives ${value ?? message}`, () => {
    const program = compiler.program(expression);
    if ("message" in program) assert.equal(`line ${program.line}, column ${program.column}: ${program.message}`, message);
    else assert.deepEqual(program.evaluate(given), { ok: true, value: value === "true" });
  });
}

const refused = [...page.matchAll(/^\| `(.+)` \| `(line \d+, column \d+: .+)` \|$/gm)];
test("docs/reference/expressions.md has the messages of what is refused", () => {
  assert.ok(refused.length >= 5);
  for (const [, expression = "", message] of refused) {
    const answer = compiler.compile(expression);
    assert.equal(answer.ok ? "" : `line ${answer.line}, column ${answer.column}: ${answer.message}`, message);
  }
});

/** Each variable, or field of one, that is no more than a name for its fields. */
function* described(path: string, type: CelType): Generator<string> {
  if (type.kind === "object") {
    for (const [name, field] of Object.entries(type.fields)) yield* described(`${path}.${name}`, field);
    return;
  }
  const printed =
    type.kind === "scalar" ? type.name : type.kind === "map" && type.value.kind === "scalar" ? `map of ${type.value.name}` : type.kind;
  yield `| \`${path}\` | ${printed} |`;
  if (type.kind === "list") yield* described(`${path}[]`, type.element);
}
test("docs/reference/expressions.md describes every variable and field in order, with its type", () => {
  const table = /<!-- variables -->\n\n([\s\S]*?)\n\n<!-- end -->/.exec(page)?.[1] ?? "";
  const rows = Array.from(table.matchAll(/^\| `.*?` \| .*? \|/gm), ([row]) => row);
  assert.deepEqual(
    rows,
    Object.entries(variables).flatMap(([name, type]) => [...described(name, type)]),
  );
});

test("every function that docs/reference/expressions.md names is one, and every function is named", () => {
  const section = /## What there is of CEL\n([\s\S]*?)\n## /.exec(page)?.[1] ?? "";
  const rows = Array.from(
    section.matchAll(/^\| (?:texts|conversions|of timestamps|of durations) \| (.*) \|$/gm),
    ([, names = ""]) => names,
  );
  const named = new Set(rows.flatMap((names) => Array.from(names.matchAll(/`([a-zA-Z]+)`/g), ([, name = ""]) => name)));
  const known =
    "bool bytes contains double duration dyn endsWith getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds".split(
      " ",
    );
  known.push(..."getMinutes getMonth getSeconds int matches size startsWith string timestamp type uint".split(" "));
  assert.deepEqual([...named].toSorted(), known);
  const unknown = (name: string): boolean => {
    const answer = compiler.compile(`image.${name}() == dyn(1)`);
    return !answer.ok && answer.message.startsWith("unknown function");
  };
  assert.deepEqual(known.filter(unknown), []);
  assert.ok(["lowerAscii", "split", "isSorted", "quantity", "url", "cidr", "now"].every(unknown));
});
