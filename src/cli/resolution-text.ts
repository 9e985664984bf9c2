import { remedies } from "../api/error-class.ts";
import type { ImageResolution, ResolutionState, StoreResolution } from "../engine/resolve-image.ts";
import { printable } from "./escape.ts";
import type { Paint, Tone } from "./paint.ts";
import { type Glyphs, renderTree, type TreeNode } from "./tree.ts";

const toneOf: { readonly [O in ImageResolution["outcome"]]: Tone } = { resolved: "good", "not-found": "bad", inconclusive: "doubtful" };
const states: {
  readonly [S in ResolutionState]: { readonly text: string; readonly sign: "yes" | "no" | "unknown" | "skipped"; readonly tone: Tone };
} = {
  Resolved: { text: "", sign: "yes", tone: "good" },
  NotFound: { text: "not there", sign: "no", tone: "bad" },
  Failed: { text: "failed", sign: "unknown", tone: "doubtful" },
  CoveredByOther: { text: "not needed: another store answered for the same repository", sign: "skipped", tone: "faint" },
  NotAwaited: { text: "had not answered when the time was up", sign: "unknown", tone: "doubtful" },
  NotAsked: { text: "not asked", sign: "skipped", tone: "faint" },
};

/** What an image stands for, for people: each Store's word, and the answer last. */
export function renderResolution(resolution: ImageResolution, style: { readonly paint: Paint; readonly glyphs: Glyphs }): string {
  const { paint, glyphs } = style;
  const { image, outcome, digest, code, summary, stores } = resolution;
  const told =
    outcome === "resolved" ? `resolved: ${digest ?? ""}` : `${outcome.replace("-", " ")}${code === undefined ? "" : ` (${code})`}`;
  const answer: TreeNode = {
    text: paint(toneOf[outcome], told),
    lines: outcome === "resolved" && stores.some(({ state }) => state === "Resolved") ? [] : [printable(summary)],
  };
  return renderTree(
    { text: paint("strong", printable(image)), children: [...stores.map((store) => storeNode(store, { paint, glyphs })), answer] },
    glyphs,
  );
}

function storeNode(store: StoreResolution, { paint, glyphs }: { readonly paint: Paint; readonly glyphs: Glyphs }): TreeNode {
  const { name, repository, state, digest, failure } = store;
  const { text, sign, tone } = states[state];
  const where = repository === undefined ? "" : ` at ${printable(repository)}`;
  const lines =
    failure === undefined
      ? []
      : [`${paint(tone, failure.class)}: ${printable(failure.message)}`, paint("faint", `what to do: ${remedies[failure.class]}`)];
  return { text: `${paint(tone, glyphs[sign])} ${printable(name)}${where}: ${digest ?? paint(tone, text)}`, lines };
}
