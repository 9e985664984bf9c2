import type { Command } from "commander";
import type { DiscoveredArtifact, Discovery } from "../engine/discovery.ts";
import { type CommandContext, withComposition } from "./command.ts";
import { renderDiscovery } from "./discovery-text.ts";
import { printDocument } from "./document.ts";
import { answersOf, eachImage, exitOf, type ImageWork, printErrors, refuseInvalid } from "./each-image.ts";
import type { ExitCode } from "./exit.ts";
import { addCommonOptions, type CommonOptions, outputOption } from "./options.ts";
import { paintFor } from "./paint.ts";
import { glyphsFor } from "./tree.ts";

const formats = ["text", "json", "yaml"] as const;
interface DiscoverOptions extends CommonOptions {
  readonly output: (typeof formats)[number];
}
const answers = { complete: "yes", partial: "doubt", "not-found": "no", inconclusive: "doubt" } as const;

export function addDiscover(program: Command, context: CommandContext): Command {
  const command = program
    .command("discover")
    .description("show what is attached to an image, and to what is attached to it, as every store lists it; verifies nothing")
    .argument("<IMAGE>", "image reference, or oci:DIR[@DIGEST]")
    .addOption(outputOption(formats))
    .action(async (image: string, options: DiscoverOptions) => context.finish(await discover(image, options, context)));
  return addCommonOptions(command);
}

async function discover(image: string, options: DiscoverOptions, context: CommandContext): Promise<ExitCode> {
  return withComposition(options, context, async (composition) => {
    refuseInvalid([image], composition);
    const work: ImageWork<Discovery> = {
      verb: "discover",
      doing: "listing what is attached to",
      failed: "CLI_DISCOVER_FAILED",
      run: (wanted, signal) => composition.discover(wanted, signal),
      timedOut: (_, { sentence }) => ({ image, outcome: "inconclusive", code: "Timeout", summary: sentence, artifacts: [], stores: [] }),
    };
    const outcomes = await eachImage([image], work, { options, context });
    const { stdout } = context.deps;
    for (const discovery of answersOf(outcomes)) {
      if (options.output === "text") stdout.write(renderDiscovery(discovery, { paint: paintFor(stdout), glyphs: glyphsFor(stdout) }));
      else stdout.write(printDocument(toDocument(discovery), options.output));
    }
    printErrors(outcomes, context);
    return exitOf(outcomes, ({ outcome }) => answers[outcome]);
  });
}

/** The members in one order, and none but these. */
function toDocument({ image, digest, outcome, code, summary, artifacts, stores }: Discovery): Discovery {
  return {
    image,
    ...(digest !== undefined && { digest }),
    outcome,
    ...(code !== undefined && { code }),
    summary,
    artifacts: artifacts.map(toArtifact),
    stores: stores.map((store) => ({
      name: store.name,
      ...(store.location !== undefined && { location: store.location }),
      state: store.state,
      artifacts: store.artifacts,
      failures: store.failures.map((failure) => ({ class: failure.class, message: failure.message })),
    })),
  };
}

function toArtifact(artifact: DiscoveredArtifact): DiscoveredArtifact {
  return {
    digest: artifact.digest,
    ...(artifact.artifactType !== undefined && { artifactType: artifact.artifactType }),
    mediaType: artifact.mediaType,
    size: artifact.size,
    isTagged: artifact.isTagged,
    heldBy: artifact.heldBy,
    referrers: artifact.referrers.map(toArtifact),
    ...(artifact.unlisted !== undefined && { unlisted: artifact.unlisted }),
  };
}
