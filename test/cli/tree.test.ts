import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ascii, glyphsFor, renderTree, type TreeNode, unicode } from "../../src/cli/tree.ts";

const tree: TreeNode = {
  text: "root",
  lines: ["of the root"],
  children: [
    { text: "first", lines: ["of the first", ""], children: [{ text: "deep" }, { text: "deeper", lines: ["of the deeper"] }] },
    { text: "last", lines: ["of the last"], children: [{ text: "leaf" }] },
  ],
};

describe("renderTree()", () => {
  it("hangs children on their parents, and lines on what they belong to", () =>
    assert.equal(
      renderTree(tree, unicode),
      `root
│  of the root
├─ first
│  │  of the first
│  │
│  ├─ deep
│  └─ deeper
│        of the deeper
└─ last
   │  of the last
   └─ leaf
`,
    ));

  it("has the same shape in ASCII, and nothing beyond it", () => {
    const text = renderTree(tree, ascii);
    assert.match(text, /^[\n -~]*$/);
    assert.equal(text.replaceAll("|- ", "├─ ").replaceAll("`- ", "└─ ").replaceAll("|", "│"), renderTree(tree, unicode));
  });

  it("prints a lone root as one line", () => assert.equal(renderTree({ text: "alone" }, unicode), "alone\n"));

  it("prints every text once, in order, whatever the shape", () => {
    const node = fc.letrec<{ node: TreeNode }>((tie) => ({
      node: fc.record({
        text: fc.stringMatching(/^[a-z]{1,5}$/),
        children: fc.oneof({ maxDepth: 4 }, fc.constant([]), fc.array(tie("node"), { maxLength: 3 })),
      }),
    })).node;
    const textsOf = (one: TreeNode): readonly string[] => [one.text, ...(one.children ?? []).flatMap(textsOf)];
    fc.assert(
      fc.property(node, (one) => {
        const lines = renderTree(one, unicode).trimEnd().split("\n");
        assert.deepEqual(
          lines.map((line) => line.replace(/^[│├└─ ]*/, "")),
          textsOf(one),
        );
      }),
    );
  });
});

describe("glyphsFor()", () => {
  it("is what the locale can show", () => {
    const output = { write: () => {}, isTerminal: true, columns: 80 };
    assert.deepEqual(
      [glyphsFor(output), glyphsFor({ ...output, unicode: true }), glyphsFor({ ...output, unicode: false })],
      [unicode, unicode, ascii],
    );
  });
});
