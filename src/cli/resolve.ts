import type { Command } from "commander";
import type { ImageResolution } from "../engine/resolve-image.ts";
import { type CommandContext, withComposition } from "./command.ts";
import { printDocument } from "./document.ts";
import { answersOf, eachImage, exitOf, type ImageWork, printErrors, refuseInvalid, refuseNone } from "./each-image.ts";
import type { ExitCode } from "./exit.ts";
import { isSingle, readImages } from "./images.ts";
import { addCommonOptions, type CommonOptions, outputOption } from "./options.ts";
import { paintFor } from "./paint.ts";
import { renderResolution } from "./resolution-text.ts";
import { glyphsFor } from "./tree.ts";

const formats = ["text", "json", "yaml"] as const;
interface ResolveOptions extends CommonOptions {
  readonly output: (typeof formats)[number];
}
const answers = { resolved: "yes", "not-found": "no", inconclusive: "doubt" } as const;

export function addResolve(program: Command, context: CommandContext): Command {
  const command = program
    .command("resolve")
    .description("print the digest that each image stands for, and what each store makes of its tag")
    .argument("<IMAGE...>", 'image references, or oci:DIR[@DIGEST]; "-" reads them from standard input, one a line')
    .addOption(outputOption(formats))
    .action(async (images: readonly string[], options: ResolveOptions) => context.finish(await resolve(images, options, context)));
  return addCommonOptions(command);
}

async function resolve(given: readonly string[], options: ResolveOptions, context: CommandContext): Promise<ExitCode> {
  const images = await readImages(given, context);
  refuseNone(images, "resolve");
  return withComposition(options, context, async (composition) => {
    refuseInvalid(images, composition);
    const work: ImageWork<ImageResolution> = {
      verb: "resolve",
      doing: "resolving",
      failed: "CLI_RESOLVE_FAILED",
      run: (image, signal) => composition.resolve(image, signal),
      timedOut: (image, { sentence }) => ({ image, outcome: "inconclusive", code: "Timeout", summary: sentence, stores: [] }),
    };
    const outcomes = await eachImage(images, work, { options, context });
    const { stdout } = context.deps;
    const resolutions = answersOf(outcomes);
    const documents = resolutions.map(toDocument);
    if (options.output === "text") {
      const style = { paint: paintFor(stdout), glyphs: glyphsFor(stdout) };
      stdout.write(resolutions.map((resolution) => renderResolution(resolution, style)).join("\n"));
    } else if (!isSingle(given)) stdout.write(printDocument(documents, options.output));
    else if (documents[0] !== undefined) stdout.write(printDocument(documents[0], options.output));
    printErrors(outcomes, context);
    return exitOf(outcomes, ({ outcome }) => answers[outcome]);
  });
}

/** The members in one order, and none but these. */
function toDocument({ image, outcome, digest, code, summary, stores }: ImageResolution): ImageResolution {
  return {
    image,
    outcome,
    ...(digest !== undefined && { digest }),
    ...(code !== undefined && { code }),
    summary,
    stores: stores.map((store) => ({
      name: store.name,
      ...(store.repository !== undefined && { repository: store.repository }),
      state: store.state,
      ...(store.digest !== undefined && { digest: store.digest }),
      ...(store.failure !== undefined && { failure: { class: store.failure.class, message: store.failure.message } }),
    })),
  };
}
