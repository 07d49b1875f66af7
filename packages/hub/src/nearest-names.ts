/** Edits (insert, delete, replace, swap of two neighbours) that turn one text into the other. */
export const editDistance = (a: string, b: string): number => {
  let beforeLast: Array<number> = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? beforeLast[j - 2]! + 1 : Infinity
      row.push(Math.min(replaced, swapped, last[j]! + 1, row[j - 1]! + 1))
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}

/** The names, at most three, that someone who typed `name` may have meant; the nearest first. */
export const nearestNames = (name: string, known: Iterable<string>): ReadonlyArray<string> => {
  const typed = name.toLowerCase()
  // Longer than any name: comparing would only cost time.
  if (typed.length > 200) return []
  const own = (text: string) => text.slice(text.indexOf("/") + 1)
  return [...new Set(known)]
    .map((candidate) => {
      const full = candidate.toLowerCase()
      // Without its organisation, or under another one, a name is as near.
      const distance = Math.min(editDistance(typed, full), editDistance(own(typed), own(full)))
      return { candidate, distance, full: editDistance(typed, full) }
    })
    .filter(({ candidate, distance }) => distance <= Math.max(2, Math.floor(own(candidate).length / 4)))
    .toSorted((a, b) => a.distance - b.distance || a.full - b.full)
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}
