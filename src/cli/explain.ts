import type { Command } from "commander";
import { CliError } from "./cli-error.ts";
import type { Explanation } from "../snapshot/explanation.ts";
import { type CommandContext, withComposition } from "./command.ts";
import { printDocument, printJson } from "./document.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { renderExplanation } from "./explanation-text.ts";
import { readImages } from "./images.ts";
import { isLayout } from "./layout-image.ts";
import { addCommonOptions, type CommonOptions, inNamespaceOption, outputOption } from "./options.ts";
import { paintFor } from "./paint.ts";

const formats = ["text", "json", "yaml"] as const;
interface ExplainOptions extends CommonOptions {
  readonly inNamespace?: string;
  readonly output: (typeof formats)[number];
}

export function addExplain(program: Command, context: CommandContext): Command {
  const command = program
    .command("explain")
    .description("say which stores would be asked about images, with which credential, which policies apply, and why; contacts no registry")
    .argument("<IMAGE...>", 'image references; "-" reads them from standard input, one a line')
    .addOption(inNamespaceOption("as if an object of this namespace ran the images: its own policies and stores count too"))
    .addOption(outputOption(formats))
    .action(async (images: readonly string[], options: ExplainOptions) => context.finish(await explain(images, options, context)));
  return addCommonOptions(command);
}

async function explain(given: readonly string[], options: ExplainOptions, context: CommandContext): Promise<ExitCode> {
  const images = await readImages(given, context);
  for (const image of images.filter(isLayout))
    throw new CliError("CLI_USAGE", `"${image}" is a directory: no store and no credential is chosen for it`, {
      advice: "name an image of a registry",
    });
  return withComposition(options, context, async (composition) => {
    const { stdout } = context.deps;
    switch (options.output) {
      case "text":
        stdout.write(
          images.map((image) => renderExplanation(composition.explain(image, options.inNamespace), paintFor(stdout))).join("\n"),
        );
        break;
      case "json":
        writeJsonArray(
          images,
          (image) => composition.explain(image, options.inNamespace),
          (text) => stdout.write(text),
        );
        break;
      case "yaml":
        stdout.write(
          printDocument(
            images.map((image) => composition.explain(image, options.inNamespace)),
            "yaml",
          ),
        );
        break;
    }
    return exitCodes.ok;
  });
}

/** Element by element: 4 MiB of references on standard input explain themselves in a hundred times as much text. */
function writeJsonArray(images: readonly string[], explain: (image: string) => Explanation, write: (text: string) => void): void {
  if (images.length === 0) {
    write("[]\n");
    return;
  }
  images.forEach((image, at) => {
    const element = printJson(explain(image)).trimEnd().replaceAll(/^/gm, "  ");
    write(`${at === 0 ? "[\n" : ",\n"}${element}`);
  });
  write("\n]\n");
}
