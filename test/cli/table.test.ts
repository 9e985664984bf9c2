import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderTable } from "../../src/cli/table.ts";

describe("renderTable()", () => {
  it("lays columns out as kubectl does: capitals, three spaces, the last one unpadded", () => {
    assert.equal(
      renderTable({
        columns: ["Name", "Ready", "Age"],
        rows: [
          ["production", "True", "3d"],
          ["a", "False", "2m5s"],
        ],
      }),
      "NAME         READY   AGE\nproduction   True    3d\na            False   2m5s\n",
    );
  });

  it("keeps the padding before an empty last cell, as kubectl's tabwriter does", () => {
    assert.equal(renderTable({ columns: ["Name", "Message"], rows: [["a", ""], ["b"]] }), "NAME   MESSAGE\na      \nb      \n");
  });

  it("leaves a missing cell blank between others", () => {
    assert.equal(renderTable({ columns: ["Name", "Ready", "Age"], rows: [["a", "", "1s"]] }), "NAME   READY   AGE\na              1s\n");
  });

  it("makes no column narrower than six", () => {
    assert.equal(renderTable({ columns: ["A", "B"], rows: [["x", "y"]] }), "A     B\nx     y\n");
  });

  it("prints nothing, not even a header, where there is no row", () => assert.equal(renderTable({ columns: ["Name"], rows: [] }), ""));

  it("counts code points, so that colour and wide text move no column", () => {
    const text = renderTable(
      {
        columns: ["Name", "X"],
        rows: [
          ["😀😀", "1"],
          ["abc", "2"],
        ],
      },
      { decorate: (cell, column) => (column === 0 ? `<${cell}>` : cell) },
    );
    assert.equal(text, "NAME   X\n<😀😀>     1\n<abc>    2\n");
  });

  it("lets no cell move the cursor or begin a line", () => {
    assert.equal(
      renderTable({ columns: ["Name", "Age"], rows: [["\u001b[2Jx\ty", "1s\nadmin   True"]] }),
      "NAME        AGE\n^[[2Jx\\ty   1s...\n",
    );
  });
});
