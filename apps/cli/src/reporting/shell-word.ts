/** A text as one word of a command to copy: plain where it can be, otherwise quoted as the shells of the platform want it. */
const toShellWord = (text: string, platform: string): string => {
  if (/^[\p{Letter}\p{Number}_@%+:,./][\p{Letter}\p{Number}_@%+=:,./-]*$/u.test(text)) return text
  if (platform === "win32") return `"${text}"`
  // oxlint-disable-next-line no-control-regex
  if (!/[\u0000-\u001f\u007f-\u009f]/.test(text)) return `'${text.replaceAll("'", String.raw`'\''`)}'`
  const escaped = text.replaceAll(/['\\]/g, String.raw`\$&`)
  // oxlint-disable-next-line no-control-regex
  return `$'${escaped.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`)}'`
}

/** A flag and its value as they are to be typed. */
export const toFlag = (flag: string, value: string, platform: string = process.platform): string =>
  value.startsWith("-") ? `${flag}=${toShellWord(`./${value}`, platform)}` : `${flag} ${toShellWord(value, platform)}`
