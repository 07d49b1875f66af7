import { Tensor, type Video } from "@auteur/core"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { limitedWrite } from "./limited-write.ts"

const frame: Video = Tensor.zeros("batch frames height width channels", [1, 1, 2, 2, 3], "uint8")
/** Three frames, each of which takes a minute to make. */
const slowFrames = Stream.fromIterable([frame, frame, frame]).pipe(
  Stream.mapEffect((each) => Effect.delay(Effect.succeed(each), "1 minute")),
)
const format = { fps: 8, upscale: 1 }
const late = () => "late" as const

it.effect("does not count the time in which the writer waits for frames", () =>
  Effect.gen(function* () {
    let written = 0
    const count = (frames: Stream.Stream<Video>) => Stream.runForEach(frames, () => Effect.sync(() => written++))
    const write = limitedWrite((path, frames) => Effect.as(count(frames as never), path), 10, late)
    const fiber = yield* Effect.forkChild(write("a.mp4", slowFrames, format))
    yield* TestClock.adjust("4 minutes")
    yield* Fiber.join(fiber)
    assert.strictEqual(written, 3)
  }),
)

it.effect.each([
  ["before it asks for frames", () => Effect.never],
  ["over a frame", (frames: Stream.Stream<Video>) => Stream.runForEach(frames, () => Effect.never)],
  ["after the last frame", (frames: Stream.Stream<Video>) => Effect.andThen(Stream.runDrain(frames), Effect.never)],
] as const)("fails where the writer takes too long %s", ([, write]) =>
  Effect.gen(function* () {
    const limited = limitedWrite(((_: string, frames: Stream.Stream<Video>) => write(frames)) as never, 10, late)
    const fiber = yield* Effect.forkChild(Effect.flip(limited("a.mp4", slowFrames, format)))
    yield* TestClock.adjust("10 minutes")
    assert.strictEqual(yield* Fiber.join(fiber), "late")
  }),
)
