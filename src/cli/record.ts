import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { isLayout } from "./layout-image.ts";
import { printable } from "./escape.ts";
import type { Composition, ImageRequest, NewFile, RecordedReport } from "./ports.ts";
import type { Report } from "../engine/report.ts";
import { toReportDocument } from "./report-document.ts";

/** How an image is verified: plainly, or so that it can be verified again from a file. */
export interface VerifyingMode extends AsyncDisposable {
  verify(request: ImageRequest, composition: Composition, signal: AbortSignal): Promise<Report>;
  /** After the last image, and before anything is printed: who asked for a recording is not told of a verdict that there is none of. */
  finish(composition: Composition): Promise<void>;
}

/** How it is verified, by `--record` and `--in-namespace`. */
export interface VerifyingOptions {
  readonly record?: string;
  readonly inNamespace?: string;
}

const plain: VerifyingMode = {
  verify: (request, composition, signal) => composition.verify(request, signal),
  finish: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** @throws CliError CLI_USAGE for more than one image; TapeError TAPE_UNWRITABLE */
export async function verifyingMode(
  { record: file, inNamespace }: VerifyingOptions,
  images: readonly string[],
  context: CommandContext,
): Promise<VerifyingMode> {
  if (file === undefined) return plain;
  if (images.length !== 1)
    throw new CliError("CLI_USAGE", `--record takes one image, and there are ${images.length}`, {
      advice: "record each image to a file of its own",
    });
  if (images.some(isLayout))
    throw new CliError("CLI_USAGE", "--record takes an image of a registry: a directory holds what its verdict is made of already", {
      advice: "keep the directory and the manifests, or leave --record out",
    });
  return recording(await context.deps.createFile(file), { file, ...(inNamespace !== undefined && { namespace: inNamespace }) }, context);
}

function recording(
  draft: NewFile,
  { file, namespace }: { readonly file: string; readonly namespace?: string },
  { deps }: CommandContext,
): VerifyingMode {
  let recorded: RecordedReport | undefined;
  return {
    verify: async (request, composition, signal) => {
      recorded = await composition.record(request, signal);
      return recorded.report;
    },
    finish: async (composition) => {
      if (recorded === undefined) {
        deps.stderr.write(`note: there is no answer, and so nothing was recorded in "${printable(file)}"\n`);
        return;
      }
      const report = toReportDocument(recorded.report, composition.explain(recorded.report.image, namespace));
      await draft.commit(recorded.encode({ report, recordedBy: deps.version }));
    },
    [Symbol.asyncDispose]: () => draft[Symbol.asyncDispose](),
  };
}
