import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { loadCel } from "../../src/compute/load.ts";
import { input } from "./fixture.ts";

const rows: readonly (readonly [time: string, method: string, value: number])[] = [
  ["2026-03-29T01:30:00Z", "getHours()", 1],
  ["2026-03-29T02:30:00Z", "getHours()", 2], // there is no such hour in Paris
  ["2026-03-29T02:30:00Z", "getHours('Europe/Paris')", 4],
  ["2026-03-29T00:30:00Z", "getHours('Europe/Paris')", 1],
  ["2026-07-01T00:30:00Z", "getDayOfYear()", 181],
  ["2026-07-01T22:30:00Z", "getDayOfYear('Europe/Paris')", 182],
  ["2026-07-01T00:30:00Z", "getDate('-01:00')", 30],
  ["2026-07-01T00:30:00Z", "getDayOfMonth()", 0],
  ["2026-07-01T00:30:00Z", "getMonth()", 6],
  ["2026-07-01T00:30:00Z", "getDayOfWeek()", 3],
  ["2026-07-01T00:30:00Z", "getMinutes('05:45')", 15],
  ["2026-07-01T00:30:07.129Z", "getSeconds('Asia/Tokyo')", 7],
  ["2026-07-01T00:30:07.129999999Z", "getMilliseconds('Asia/Tokyo')", 129],
  ["0001-01-01T00:00:00Z", "getFullYear()", 1],
  ["0001-01-01T00:00:00Z", "getDayOfYear('UTC')", 0],
  ["9999-12-31T23:59:59Z", "getDayOfYear()", 364],
];
const compiler = await loadCel();
for (const [time, method, value] of rows) {
  test(`a timestamp of ${time}: ${method} is ${value}`, () => {
    const program = compiler.program(`timestamp('${time}').${method} == ${value}`);
    assert.ok("evaluate" in program);
    assert.deepEqual(program.evaluate(input()), { ok: true, value: true });
  });
}

test("a time zone that there is not is a failure", () => {
  const program = compiler.program("timestamp('2026-07-01T00:30:00Z').getHours('Nowhere/Else') == 1");
  assert.ok("evaluate" in program);
  assert.deepEqual(program.evaluate(input()), {
    ok: false,
    code: "EXPRESSION_FAILED",
    message: '"getHours" cannot be applied to these values (line 1, column 34)',
  });
});

test("the methods of timestamps do not depend on the machine's time zone", { skip: process.env["TZ"] === "Europe/Paris" }, () => {
  const env = { TZ: "Europe/Paris" };
  const { status, stdout } = spawnSync(process.execPath, ["--test", import.meta.filename], { env, encoding: "utf8", timeout: 60_000 });
  assert.equal(status, 0, stdout);
});
