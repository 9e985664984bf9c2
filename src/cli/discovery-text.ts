import { remedies } from "../api/error-class.ts";
import type { DiscoveredArtifact, Discovery, DiscoveryState, StoreDiscovery } from "../engine/discovery.ts";
import { printable } from "./escape.ts";
import type { Paint, Tone } from "./paint.ts";
import { type Glyphs, renderTree, type TreeNode } from "./tree.ts";

interface Style {
  readonly paint: Paint;
  readonly glyphs: Glyphs;
}
const toneOf: { readonly [O in Discovery["outcome"]]: Tone } = {
  complete: "good",
  partial: "doubtful",
  "not-found": "bad",
  inconclusive: "doubtful",
};
const states: {
  readonly [S in DiscoveryState]: { readonly text: string; readonly sign: "yes" | "no" | "unknown" | "skipped"; readonly tone: Tone };
} = {
  Complete: { text: "listed to its end", sign: "yes", tone: "good" },
  ListedByOther: { text: "another store with the same credential listed its location", sign: "yes", tone: "good" },
  Failed: { text: "failed", sign: "no", tone: "bad" },
  NotFound: { text: "does not know the image", sign: "no", tone: "bad" },
  NotAwaited: { text: "had not answered when the time was up", sign: "unknown", tone: "doubtful" },
  NotAsked: { text: "not asked", sign: "skipped", tone: "faint" },
};
const unlistedText: { readonly [U in NonNullable<DiscoveredArtifact["unlisted"]>]: string } = {
  BeyondDepth: "what is attached to it lies beyond limits.depth of every store",
  ListedElsewhere: "what is attached to it stands elsewhere in this tree",
};

/** What is attached to an image, for people: the artifacts as a tree, each store's part in it, and one sentence. */
export function renderDiscovery(discovery: Discovery, style: Style): string {
  const { paint, glyphs } = style;
  const { image, digest, outcome, code, summary, artifacts, stores } = discovery;
  const told = `${outcome.replace("-", " ")}${code === undefined ? "" : ` (${code})`}`;
  return renderTree(
    {
      text: paint("strong", printable(image)),
      lines: digest === undefined ? [] : [digest],
      children: [
        ...(artifacts.length === 0 ? [] : [{ text: "artifacts", children: artifacts.map((one) => artifactNode(one, style)) }]),
        ...(stores.length === 0 ? [] : [{ text: "stores", children: stores.map((one) => storeNode(one, style)) }]),
        { text: `${paint(toneOf[outcome], told)}: ${printable(summary)}` },
      ],
    },
    glyphs,
  );
}

function artifactNode(artifact: DiscoveredArtifact, style: Style): TreeNode {
  const { digest, artifactType, mediaType, size, isTagged, heldBy, referrers, unlisted } = artifact;
  return {
    text: style.paint("strong", printable(artifactType ?? mediaType)),
    lines: [
      digest,
      `${size} bytes${isTagged ? ", under cosign's tag" : ""}, in ${heldBy.map(printable).join(", ")}`,
      ...(unlisted === undefined ? [] : [style.paint("faint", unlistedText[unlisted])]),
    ],
    children: referrers.map((one) => artifactNode(one, style)),
  };
}

function storeNode({ name, location, state, artifacts, failures }: StoreDiscovery, { paint, glyphs }: Style): TreeNode {
  const { text, sign, tone } = states[state];
  const where = location === undefined ? "" : ` at ${printable(location)}`;
  const count = artifacts === 0 && state !== "Complete" ? "" : `, ${artifacts} ${artifacts === 1 ? "artifact" : "artifacts"}`;
  return {
    text: `${paint(tone, glyphs[sign])} ${printable(name)}${where}: ${paint(tone, text)}${count}`,
    lines: failures.flatMap((failure) => [
      `${paint("bad", failure.class)}: ${printable(failure.message)}`,
      paint("faint", `what to do: ${remedies[failure.class]}`),
    ]),
  };
}
