import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { tiny } from "../../test/small-requests.ts"
import { GeneratedVideo } from "./generated-video.ts"
import { type Model, openModel } from "./open-model.ts"

let model: Model
let video: GeneratedVideo
beforeAll(async () => {
  model = await openModel("emoji-world")
  video = await model.generate("a fox", { ...tiny, frames: 9 })
})
afterAll(() => model.close())

/** As from JavaScript, without types. */
const untyped = (value: unknown) => value as never
const generate = (options: unknown, prompt: unknown = "a fox") => model.generate(untyped(prompt), untyped(options))

const cases: ReadonlyArray<readonly [name: string, run: () => Promise<unknown>, tag: string, message: string]> = [
  // Options that do not exist, each with the one that is meant.
  ...[
    ["num_inference_steps", "steps"],
    ["guidance_scale", "guidanceScale"],
    ["guidanceSacle", "guidanceScale"],
    ["negative", "negativePrompt"],
    ["num_videos_per_prompt", "videosPerPrompt"],
    ["generator", "seed"],
    ["maxTokens", "maxSequenceLength"],
  ].map(
    ([name, near]) =>
      [
        `generate ${name}`,
        () => generate({ [name!]: 1 }),
        "RequestError",
        `generate has no option "${name}". Did you mean ${near}?`,
      ] as const,
  ),
  [
    "generate anythingElse",
    () => generate({ zebra: 1 }),
    "RequestError",
    'generate has no option "zebra". The options are ',
  ],
  ["stream smapler", () => model.stream("a", untyped({ smapler: 1 })).video, "RequestError", "stream has no option"],
  ["openModel modle", () => openModel("emoji-world", untyped({ treads: 1 })), "RequestError", "Did you mean threads?"],
  ["resume seed", () => model.resume("x", untyped({ seed: 1 })).video, "RequestError", 'resume has no option "seed"'],
  ["save scale", () => video.save("x.mp4", untyped({ scale: 1 })), "RequestError", "Did you mean upscale?"],
  ["decode steps", () => model.decode(video.latents, untyped({ steps: 1 })), "RequestError", "decode has no option"],
  // Values of the wrong kind or out of range.
  ["prompt undefined", () => model.generate(untyped(undefined)), "RequestError", "The prompt is undefined: "],
  ["prompt empty", () => generate({}, " "), "RequestError", "The prompt is empty: say what the video should show."],
  ["options null", () => generate(null), "RequestError", "The options of generate are null: give an object."],
  ["steps text", () => generate({ steps: "5" }), "RequestError", 'steps is "5": give a whole number from 1 to 1000.'],
  ["steps 1001", () => generate({ steps: 1001 }), "RequestError", "steps is 1001: give a whole number from 1 to 1000."],
  ["seed", () => generate({ seed: 1.5 }), "RequestError", "seed is 1.5: give a whole number from "],
  ["start", () => generate({ start: "inverted" }), "RequestError", 'start is "inverted": give "noise", "inversion"'],
  ["frames", () => generate({ frames: 7 }), "RequestError", "the nearest lengths are 1 and 8 frames."],
  [
    "sampler",
    () => generate({ sampler: "unipcc" }),
    "RequestError",
    'There is no sampler "unipcc"; choose one of ddim,',
  ],
  ["method", () => generate({ guidanceMethod: "cfg" }), "RequestError", 'There is no guidance "cfg"; choose one of'],
  ["inversion", () => generate({ inversion: "x" }), "RequestError", 'There is no inversion "x"; choose one of'],
  ["cache", () => generate({ cache: "teaa" }), "RequestError", 'There is no cache "teaa"; choose one of first-block,'],
  ["threshold", () => generate({ cacheThreshold: 2 }), "RequestError", "cacheThreshold is 2, but no cache is named"],
  ["lora", () => generate({ lora: "x" }), "RequestError", 'lora is "x": give a list of { path, weight }.'],
  ["lora file", () => generate({ lora: [{ path: "gone" }] }), "ModelError", "gone does not exist: check the path."],
  ["signal", () => generate({ signal: 5 }), "RequestError", "signal is 5: give an AbortSignal."],
  ["onStepEnd", () => generate({ onStepEnd: 5 }), "RequestError", "onStepEnd is 5: give a function."],
  ["embeddings", () => generate({ promptEmbeddings: 5 }), "RequestError", "give the embeddings of model.encodePrompt."],
  ["videosPerPrompt", () => generate({ videosPerPrompt: 0 }), "RequestError", "give a whole number of at least 1."],
  [
    "latents",
    () => generate({ latents: video.latents }),
    "RequestError",
    "The latents are [1, 3, 16, 8, 8], but this request",
  ],
  [
    "latents and video",
    () => generate({ latents: video.latents, video }),
    "RequestError",
    "are both given to start from",
  ],
  [
    "video number",
    () => generate({ video: 5 }),
    "RequestError",
    "video is of the type number: give a path, a URL, bytes,",
  ],
  ["video bytes", () => generate({ video: Buffer.from("no") }), "MediaError", "The video cannot be read. "],
  ["image", () => generate({ image: "gone.png" }), "MediaError", "gone.png cannot be used. There is no such file"],
  ["threads", () => openModel("emoji-world", { threads: -1 }), "RequestError", "threads is -1: give a whole number"],
  ["concurrency", () => openModel("emoji-world", { concurrency: 0 }), "RequestError", "concurrency is 0: give a whole"],
  ["memoryLimit", () => openModel("emoji-world", { memoryLimit: NaN }), "RequestError", "memoryLimit is NaN: give a"],
  ["model", () => openModel(untyped({})), "RequestError", "The model is an object: give its name or its folder."],
  ["model name", () => openModel("emoji-wrold"), "ModelError", "emoji-world"],
  [
    "resume bytes",
    () => model.resume(new Uint8Array(4)).video,
    "CheckpointError",
    "The checkpoint cannot be resumed: ",
  ],
  [
    "resume path",
    () => model.resume("gone").video,
    "CheckpointError",
    "There is no checkpoint at gone that can be read",
  ],
  ["resume number", () => model.resume(untyped(5)).video, "CheckpointError", "from its bytes or its path"],
  ["decode", () => model.decode(untyped(5)), "RequestError", "The latents are not a float32 tensor"],
  ["encode", () => model.encode("gone.mp4"), "MediaError", "gone.mp4 cannot be read. There is no such file"],
  ["encodePrompt", () => model.encodePrompt(untyped(5)), "RequestError", "The prompt is 5: "],
  ["estimate", () => model.estimate("a fox", untyped({ frame: 1 })), "RequestError", "Did you mean frames?"],
  ["save path", () => video.save(untyped(5)), "MediaError", "The path to save to is 5: give a text that ends in"],
  ["save folder", () => video.save("nowhere/x.mp4"), "MediaError", "nowhere does not exist"],
  ["video.encode", () => video.encode(untyped("mov")), "MediaError", 'A video cannot be encoded as "mov": name mp4,'],
  ["quality", () => video.encode("mp4", { quality: 1000 }), "MediaError", "The video's quality is 1000; it must be"],
  ["png", () => video.toBlob("png"), "MediaError", "A PNG file holds one picture, and this video has more"],
]

describe("every rejection has a tag and says in a sentence what to do", () => {
  it.each(cases)("%s", async (_, run, _tag, message) => {
    const error: unknown = await run().then(
      () => "no rejection",
      (error: unknown) => error,
    )
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ _tag, message: expect.stringContaining(message) as string })
  })

  it("also of a stream of bytes, and of a callback that throws", async () => {
    await expect(new Response(video.toReadableStream("png")).bytes()).rejects.toMatchObject({ _tag: "MediaError" })
    const thrown = new Error("no more")
    const failing = model.generate("a fox", {
      ...tiny,
      onStepEnd: () => {
        throw thrown
      },
    })
    await expect(failing).rejects.toMatchObject({
      _tag: "PipelineError",
      message: "onStepEnd failed after step 1 of 2: no more",
      cause: thrown,
    })
  })

  it("and of work that is aborted, with the reason as its cause", async () => {
    const reason = new Error("no longer wanted.")
    const aborted = { _tag: "AbortError", name: "AbortError", cause: reason }
    const signal = AbortSignal.abort(reason)
    const message = "The run was aborted: no longer wanted."
    await expect(model.generate("a fox", { signal })).rejects.toMatchObject({ ...aborted, message })
    await expect(model.estimate("a fox", { signal })).rejects.toMatchObject(aborted)
    await expect(model.encodePrompt("a fox", { signal })).rejects.toMatchObject(aborted)
    await expect(model.generate("a fox", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      _tag: "AbortError",
      message: "The run was aborted.",
    })
    await expect(
      model.generate("a fox", { ...tiny, steps: 900, signal: AbortSignal.timeout(30) }),
    ).rejects.toMatchObject({
      _tag: "AbortError",
      cause: { name: "TimeoutError" },
    })
  })
})
