import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { plain } from "../../src/cli/paint.ts";
import { type Picture, renderPicture, StandaloneView } from "../../src/cli/standalone-view.ts";
import { golden } from "../support/txtar.ts";
import { now, reports, signed, stores, unknown, unsigned } from "./fixtures.ts";

const goldenFile = (name: string): string => new URL(`../golden/cli/${name}`, import.meta.url).pathname;
const picture: Picture = {
  manifests: "demo/manifests",
  stores,
  images: [signed, unsigned, unknown].map((image) => ({ image, report: reports.get(image) ?? assert.fail() })),
  once: false,
};
const first: Picture = { ...picture, stores: [], images: [{ image: signed }] };

function screen(options: { readonly isTerminal: boolean; readonly columns?: number }): {
  readonly view: StandaloneView;
  readonly written: string[];
  readonly tick: (ms: number) => void;
} {
  const written: string[] = [];
  let time = now;
  const output = {
    write: (text: string) => void written.push(text),
    isTerminal: options.isTerminal,
    columns: options.columns ?? 200,
    colour: false,
  };
  return { view: new StandaloneView(output, () => time), written, tick: (ms) => void (time += ms) };
}

describe("renderPicture()", () => {
  for (const [name, given] of [
    ["standalone.txt", picture],
    ["standalone-once.txt", { ...picture, once: true }],
    ["standalone-empty.txt", first],
  ] as const) {
    it(`shows ${name}`, () => {
      const text = renderPicture(given, { now, paint: plain });
      assert.equal(text, golden(goldenFile(name), text));
    });
  }

  it("shows Stores of namespaces below the cluster's, and calls them by their namespace", () => {
    const [broken] = stores.filter(({ name }) => name === "mirror");
    const own = { ...(broken ?? assert.fail()), kind: "NamespacedStore", namespace: "team-a", name: "own" } as const;
    const text = renderPicture({ ...picture, stores: [...stores, own] }, { now, paint: plain });
    const [head = "", ...lines] = text.split("\n");
    assert.match(head, /^NAMESPACE +NAME +READY /);
    assert.match(lines[stores.length] ?? "", /^team-a +own +False /);
    assert.match(text, /^ {2}NamespacedStore team-a\/own is not ready: /m);
    assert.match(text, /^ {2}Store mirror is not ready: /m);
  });

  it("shows hostile names without obeying them", () => {
    const hostile = "\u001b[2J\nx";
    const text = renderPicture({ ...picture, manifests: hostile, images: [{ image: hostile }] }, { now, paint: plain });
    assert.equal(text.includes("\u001b"), false);
  });
});

describe("StandaloneView", () => {
  it("prints again elsewhere than on a terminal only when more than an age changed", () => {
    const { view, written, tick } = screen({ isTerminal: false });
    view.show(picture);
    tick(60_000);
    view.show(picture);
    assert.equal(written.length, 1);
    view.show({ ...picture, stores: stores.slice(1) });
    assert.equal(written.length, 2);
    assert.equal(written.join("").includes("\u001b"), false);
    assert.equal(written[1]?.startsWith("\nNAME"), true);
  });

  it("repaints a terminal in the place of the picture before", () => {
    const { view, written, tick } = screen({ isTerminal: true });
    view.show(picture);
    tick(1000);
    view.show(picture);
    const lines = (written[0] ?? "").split("\n").length - 1;
    assert.equal(written[1]?.startsWith(`\u001b[${lines}A\r\u001b[0JNAME`), true);
    assert.equal(written[0]?.includes("\u001b"), false);
  });

  it("goes back over the lines that a narrow terminal wraps", () => {
    const { view, written } = screen({ isTerminal: true, columns: 40 });
    view.show(picture);
    view.show(picture);
    const wrapped = (written[0] ?? "")
      .split("\n")
      .slice(0, -1)
      .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 40)), 0);
    assert.equal(written[1]?.startsWith(`\u001b[${wrapped}A`), true);
  });
});
