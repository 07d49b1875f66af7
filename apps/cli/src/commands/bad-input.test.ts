import { chmod, mkdir, open, readdir, symlink, writeFile } from "node:fs/promises"
import { beforeAll, describe, expect, it } from "vitest"
import { auteur, expectClearErrors, temporaryFolder } from "../../test/run-auteur.ts"

/** A PNG of one red pixel. */
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
const folder = temporaryFolder()
beforeAll(async () => {
  await writeFile(folder.file("dot.png"), Buffer.from(dot, "base64"))
  await writeFile(folder.file("text.txt"), "no prompt, no video, no checkpoint")
  await writeFile(folder.file("empty.txt"), "# nothing\n")
  await writeFile(folder.file("two.txt"), "a fox\na cat\n")
  await writeFile(folder.file("empty.mp4"), "")
  await writeFile(folder.file("binary.txt"), Uint8Array.of(0x61, 0xff, 0x0a, 0xfe))
  await writeFile(folder.file("zeros.txt"), "a fox\n\0\0\n")
})

describe("bad input gets one clear sentence, the right exit code, no stack, and leaves no file", () => {
  it.each([
    [2, "The prompt is empty: say what the video should show.", [""]],
    [2, "A video of 7 frames cannot be made: the nearest lengths are 1 and 8 frames.", ["a fox", "--frames", "7"]],
    [
      2,
      "A width of 65 pixels cannot be made: it has to be a multiple of 16; the nearest are 64 and 80.",
      ["a fox", "--size", "65x64"],
    ],
    [1, "Near is emoji-world.", ["a fox", "--model", "emoji-wrold"]],
    [1, "Near are zai-org/CogVideoX", ["a fox", "--model", "zai-org/CogVideoX-3b"]],
    [2, "Cannot write x.xyz: .xyz files are not written.", ["a fox", "-o", "x.xyz"]],
    [2, "A PNG file holds one picture", ["a fox", "-o", "x.png"]],
    [2, "at most 50 frames a second", ["a fox", "-o", "x.gif", "--fps", "60"]],
    [1, "Cannot write nowhere/x.mp4: the folder nowhere does not exist.", ["a fox", "-o", "nowhere/x.mp4"]],
    [1, "text.txt cannot be read.", ["a fox", "--video", "text.txt"]],
    [1, "gone.mp4 cannot be read. There is no such file", ["a fox", "--video", "gone.mp4"]],
    [1, "text.txt cannot be read.", ["--like", "text.txt"]],
    [1, "dot.png does not say how it was made", ["--like", "dot.png"]],
    [2, '--steps cannot be "0": it must be a whole number from 1 to 1000.', ["a fox", "--steps", "0"]],
    [2, '--steps cannot be "1001"', ["a fox", "--steps", "1001"]],
    [2, '--steps cannot be "2.5"', ["a fox", "--steps", "2.5"]],
    [2, '--sampler cannot be "ddmi": it must be one of ddim, dpm, ddpm,', ["a fox", "--sampler", "ddmi"]],
    [2, "did you mean ddim?", ["a fox", "--sampler", "ddmi"]],
    [2, '--guidance-method cannot be "strong"', ["a fox", "--guidance-method", "strong"]],
    [2, '--cache cannot be "tae"', ["a fox", "--cache", "tae"]],
    [2, '--start cannot be "nope"', ["a fox", "--start", "nope"]],
    [2, '--guidance-scale cannot be "1e30": it must be a number from -1000 to 1000.', ["a fox", "--guidance", "1e30"]],
    [2, '--fps cannot be "0": it must be a number from 1 to 240.', ["a fox", "--fps", "0"]],
    [
      2,
      '--upscale cannot be "100": it must be a whole number from 1 to 16.',
      ["estimate", "a fox", "--upscale", "100"],
    ],
    [2, "--fps cannot be", ["estimate", "a fox", "--fps", "0"]],
    [2, "--output needs a value: a path.", ["a fox", "-o", ""]],
    [2, "--lora needs a value", ["a fox", "--lora", ""]],
    [2, "--size says both width and height", ["a fox", "--size", "64x64", "--width", "64"]],
    [2, 'There is no command "dcotor": did you mean doctor?', ["dcotor"]],
    [2, "--start inversion needs --video", ["a fox", "--start", "inversion"]],
    [2, "--start inversion-free needs --source-prompt", ["a fox", "--start", "inversion-free", "--video", "dot.png"]],
    [2, "--inversion says how a video is walked back", ["a fox", "--inversion", "ddim"]],
    [2, "--source-guidance-scale is for --start inversion", ["a fox", "--source-guidance-scale", "3"]],
    [1, "gone.safetensors does not exist: check the path", ["a fox", "--lora", "gone.safetensors"]],
    [2, "emoji-world takes no image", ["a fox", "--image", "dot.png"]],
    [1, "text.txt cannot be used. This is not an image of a known kind", ["a fox", "--image", "text.txt"]],
    [1, "There is no checkpoint at nope.auteur", ["--resume", "nope.auteur"]],
    [1, "text.txt cannot be resumed", ["--resume", "text.txt"]],
    [1, "There is no file of prompts at nope.txt", ["--batch", "nope.txt"]],
    [1, "empty.txt holds no prompt", ["--batch", "empty.txt"]],
    [1, "binary.txt is not text in UTF-8", ["--batch", "binary.txt"]],
    [1, "zeros.txt is not text", ["--batch", "zeros.txt"]],
    [1, "/dev/zero is larger than 16 MB", ["--batch", "/dev/zero"]],
    [2, "--from 3 is beyond the end of two.txt, which holds 2 prompts.", ["--batch", "two.txt", "--from", "3"]],
    [2, "--from is the place in a batch", ["a fox", "--from", "3"]],
    [1, "There is no checkpoint at /dev/zero that can be read", ["--resume", "/dev/zero"]],
    [1, "/dev/zero cannot be read. It is not a regular file", ["a fox", "--video", "/dev/zero"]],
    [1, "/dev/zero cannot be used. It is not a regular file", ["a fox", "--image", "/dev/zero"]],
    [1, "empty.mp4 cannot be read. This file is empty.", ["a fox", "--video", "empty.mp4"]],
    [1, "empty.mp4 cannot be resumed", ["--resume", "empty.mp4"]],
    [1, "dot.png has 1 frame, but 9 are asked for", ["a fox", "--frames", "9", "--video", "dot.png"]],
    [1, "the name is too long", ["a fox", "-o", `${"x".repeat(300)}.mp4`]],
    [2, "1250001 latent frames of 16×16 pixels cannot be made", ["a fox", "--frames", "5000001", "--size", "16x16"]],
    [2, '"../x" is not a name on Hugging Face', ["models", "pull", "../x"]],
    [2, '"a/b@../../x" is not a name on Hugging Face', ["models", "pull", "a/b@../../x"]],
    [2, '--seed cannot be "1e30": it must be a whole number from -2^63 to 2^64 - 1.', ["a fox", "--seed", "1e30"]],
    [2, '--seed cannot be "18446744073709551616"', ["a fox", "--seed", "18446744073709551616"]],
    [2, '--guidance-scale cannot be "nan"', ["a fox", "--guidance", "nan"]],
    [2, "There is no prompt", ["--steps", "3"]],
    [2, "A prompt and --batch are both given", ["a fox", "--batch", "empty.txt"]],
    [2, "--strength says how much of a video is made anew", ["a fox", "--strength", "0.5"]],
    [2, "leave out --guidance-scale.", ["--resume", "nope.auteur", "--guidance", "3"]],
    [2, "leave out the prompt.", ["a fox", "--resume", "nope.auteur"]],
    [2, "There is no flag --stepz in auteur generate; did you mean --steps?", ["a fox", "--stepz", "3"]],
    [2, '--size cannot be "abc": it must be WIDTHxHEIGHT', ["a fox", "--size", "abc"]],
    [2, '"runs" is one argument too many: put a text of several words in quotes.', ["a fox", "runs"]],
    [2, "for a prompt, write auteur -- ", ["-a fox runs"]],
    [2, "A value that begins with a hyphen needs an equals sign: --video=-d.mp4", ["a fox", "--video", "-d.mp4"]],
    [2, '"–steps" begins with a long dash: write --steps', ["a fox", "–steps", "3"]],
  ])("exit code %i: %s", async (code, sentence, args) => {
    const before = await readdir(folder.path())
    const result = await auteur(args, { cwd: folder.path() })
    expect(result.errors).toContain(sentence)
    expect(result.code).toBe(code)
    expectClearErrors(result.errors)
    expect(await readdir(folder.path())).toEqual(before)
  })

  it.each([
    ["locked/x.mp4", /writing to locked is not permitted/],
    ["mine.mp4", /writing to \S*mine\.mp4 is not permitted/],
  ])("no right to write %s: the folder or the file is named", async (path, problem) => {
    await mkdir(folder.file("locked"), { recursive: true })
    await chmod(folder.file("locked"), 0o555)
    await writeFile(folder.file("mine.mp4"), "", { mode: 0o444 })
    await chmod(folder.path(), 0o777)
    // Everything is permitted to root.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    const { code, errors } = await auteur(["a fox", "-o", path], { cwd: folder.path(), ...nobody })
    expect(errors).toMatch(problem)
    expect(code).toBe(1)
    expectClearErrors(errors)
  })

  it("no space on disk: the latents are kept and can be decoded to another place", async () => {
    // A device that is always full.
    await symlink("/dev/full", folder.file("full.mp4"))
    const run = (...args: ReadonlyArray<string>) => auteur([...args, "-q"], { cwd: folder.path() })
    const full = await run("a fox", "--steps", "2", "--frames", "9", "-o", "full.mp4")
    expect(full.errors).toBe(
      "Cannot write full.mp4: the disk is full. Free some space or name a place on another disk.\nWhat is done can be continued: --resume full.mp4.auteur\n",
    )
    expect(full.code).toBe(1)
    expect(await run("--resume", "full.mp4.auteur", "-o", "elsewhere.mp4")).toMatchObject({ code: 0, errors: "" })
    expect(await readdir(folder.path())).toContain("elsewhere.mp4")
  })

  it.each([
    [["a fox", "--steps", "1", "--frames", "1", "-o", "told.mp4"], ["told.mp4"]],
    [["a fox", "--steps", "1", "--frames", "1", "-o", "told.mp4", "--json"], ["told.mp4"]],
    [["models"], []],
  ])("no space for what is printed: %j", async (args, made) => {
    const before = await readdir(folder.path())
    const full = await open("/dev/full", "w")
    const { code, errors } = await auteur(args, { cwd: folder.path(), stdio: ["ignore", full.fd, "pipe"] })
    await full.close()
    expect(errors.split("\n").filter((line) => line.startsWith("The output"))).toEqual([
      "The output cannot be written (the disk is full): send it to another place.",
    ])
    expect(code).toBe(1)
    expectClearErrors(errors)
    expect((await readdir(folder.path())).toSorted()).toEqual([...new Set([...before, ...made])].toSorted())
  })

  it("takes a seed of 64 bits", async () => {
    const args = ["a fox", "--steps", "1", "--frames", "1", "-o", "wide.mp4", "--seed", "18446744073709551615"]
    const { code, output } = await auteur(args, { cwd: folder.path() })
    expect(output).toBe("wide.mp4  (seed 18446744073709551615)\n")
    expect(code).toBe(0)
  })
})
