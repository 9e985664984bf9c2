import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Turns } from "../../src/kernel/turns.ts";

const never = new AbortController().signal;

describe("Turns", () => {
  it("runs one piece of work in a turn of the event loop, in order of arrival, whoever asks", async () => {
    const turns = new Turns();
    const order: (string | number)[] = [];
    let isCounting = true;
    const count = (): void => {
      order.push("turn");
      if (isCounting) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all([1, 2, 3, 4].map((at) => turns.run("a", () => order.push(at), never)));
    isCounting = false;
    assert.deepEqual(
      order.filter((entry) => entry !== "turn"),
      [1, 2, 3, 4],
    );
    const together = order.some((entry, at) => entry !== "turn" && order[at + 1] !== "turn" && order[at + 1] !== undefined);
    assert.ok(!together, `two in one turn: ${order.join()}`);
  });

  it("goes round those whom the work is for, however much one of them has", async () => {
    const turns = new Turns();
    const order: string[] = [];
    const ask = (of: string): Promise<number> => turns.run(of, () => order.push(of), never);
    await Promise.all([ask("a"), ask("a"), ask("a"), ask("a"), ask("b"), ask("b"), ask("c")]);
    assert.equal(order.join(""), "aabcaba"); // the first had begun before anybody else asked
  });

  it("gives what the work gives, and its error to whoever asked for it alone", async () => {
    const turns = new Turns();
    const failing = turns.run(
      "a",
      () => {
        throw new RangeError("no");
      },
      never,
    );
    await assert.rejects(failing, RangeError);
    assert.equal(await turns.run("a", () => 7, never), 7);
  });

  it("does not do work that was given up while it waited", async () => {
    const turns = new Turns();
    const controller = new AbortController();
    const first = turns.run("a", () => controller.abort(new DOMException("enough", "AbortError")), never);
    const second = turns.run("a", () => assert.fail("it was given up"), controller.signal);
    await first;
    await assert.rejects(second, { name: "AbortError" });
    assert.equal(await turns.run("a", () => "next", never), "next");
  });
});
