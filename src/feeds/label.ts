/** Whether a text can be a label of a host's name (RFC 1123 §2.1), as everything that names are made of must be. */
export const isLabel = (text: string): boolean => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)
