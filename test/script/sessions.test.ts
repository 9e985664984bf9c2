import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { CheckEntry, ObjectRow } from "../../src/cli/ports.ts";
import { type Answers, run } from "../cli/session.ts";
import { type Archive, extractArchive, parseArchive, replaySession } from "../support/txtar.ts";

const directory = new URL(".", import.meta.url).pathname;

/** Files of an archive that stand in for the fixtures' answers. */
function answersOf({ files }: Archive): Answers {
  const check = files.get("check.json");
  const rows = files.get("rows.json");
  return {
    ...(check !== undefined && { check: JSON.parse(check) as readonly CheckEntry[] }),
    ...(rows !== undefined && { rows: JSON.parse(rows) as readonly ObjectRow[] }),
  };
}

describe("CLI sessions (UPDATE_GOLDEN=1 rewrites them)", () => {
  for (const name of readdirSync(directory).filter((file) => file.endsWith(".txtar"))) {
    it(`${name} goes as written`, async () => {
      const path = join(directory, name);
      const text = readFileSync(path, "utf8");
      const archive = parseArchive(text);
      const work = mkdtempSync(join(tmpdir(), "session-"));
      try {
        extractArchive(archive, work);
        const replayed = await replaySession(text, (step) => run(step.argv, { stdin: step.stdin, answers: answersOf(archive) }));
        if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, replayed);
        else assert.equal(replayed, text);
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
    });
  }
});
