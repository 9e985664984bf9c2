import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { printable } from "./escape.ts";
import type { Composition, NewFile, RecordedReport } from "./ports.ts";
import type { Report } from "../engine/report.ts";
import { toReportDocument } from "./report-document.ts";

/** How an image is verified: plainly, or so that it can be verified again from a file. */
export interface VerifyingMode extends AsyncDisposable {
  verify(image: string, composition: Composition, signal: AbortSignal): Promise<Report>;
  /** After the last image, and before anything is printed: who asked for a recording is not told of a verdict that there is none of. */
  finish(composition: Composition): Promise<void>;
}

const plain: VerifyingMode = {
  verify: (image, composition, signal) => composition.verify(image, signal),
  finish: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** `file`: of `--record`. @throws CliError CLI_USAGE for more than one image; TapeError TAPE_UNWRITABLE */
export async function verifyingMode(file: string | undefined, images: readonly string[], context: CommandContext): Promise<VerifyingMode> {
  if (file === undefined) return plain;
  if (images.length !== 1)
    throw new CliError("CLI_USAGE", `--record takes one image, and there are ${images.length}`, {
      advice: "record each image to a file of its own",
    });
  return recording(await context.deps.createFile(file), file, context);
}

function recording(draft: NewFile, file: string, { deps }: CommandContext): VerifyingMode {
  let recorded: RecordedReport | undefined;
  return {
    verify: async (image, composition, signal) => {
      recorded = await composition.record(image, signal);
      return recorded.report;
    },
    finish: async (composition) => {
      if (recorded === undefined) {
        deps.stderr.write(`note: there is no answer, and so nothing was recorded in "${printable(file)}"\n`);
        return;
      }
      const report = toReportDocument(recorded.report, composition.explain(recorded.report.image));
      await draft.commit(recorded.encode({ report, recordedBy: deps.version }));
    },
    [Symbol.asyncDispose]: () => draft[Symbol.asyncDispose](),
  };
}
