// Money to the cent: amounts are texts and whole numbers of cents, never floats.

/** An amount with at most two decimals as cents; null for what is none. */
export function cents(text: string): bigint | null {
  const found = /^(-?)(\d{1,15})(?:\.(\d{1,2}))?$/.exec(text.trim());
  if (!found) return null;
  const whole = BigInt(found[2]! + (found[3] ?? "").padEnd(2, "0"));
  return found[1] ? -whole : whole;
}

/** Cents as an amount: 1234.50 */
export function amountOf(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(3, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** As people read it: 1,234.50 */
export function shown(amount: string | null | undefined): string {
  if (amount === null || amount === undefined) return "";
  const [whole = "0", part = "00"] = amount.split(".");
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${part.padEnd(2, "0")}`;
}

/** A quantity with at most three decimals as thousandths; null for what is none. */
export function thousandths(text: string): bigint | null {
  const found = /^(\d{1,9})(?:\.(\d{1,3}))?$/.exec(text.trim());
  return found ? BigInt(found[1]! + (found[2] ?? "").padEnd(3, "0")) : null;
}

/** Thousandths as a quantity, as short as it can be: 1.5 */
export function quantityOf(value: bigint): string {
  const digits = value.toString().padStart(4, "0");
  return `${digits.slice(0, -3)}.${digits.slice(-3)}`.replace(/\.?0+$/, "");
}

/** Quantity (three decimals at most) times price, in cents; null while one is missing, "broken" when it is no whole cent. */
export function lineCents(quantity: string, price: string): bigint | null | "broken" {
  const [many, each] = [thousandths(quantity), cents(price)];
  if (many === null || each === null) return null;
  const product = many * each;
  return product % 1000n === 0n ? product / 1000n : "broken";
}

/** For drawing only. */
export const roughly = (amount: string): number => Number(amount);
