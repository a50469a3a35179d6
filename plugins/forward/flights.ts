import type { Question } from '#src/forwarding/question.ts'
import type { Flight } from './flight.ts'

/** Places at the begin; twice as many whenever there are more flights. */
const PLACES = 256

/**
 * The questions under way, each of them once. A Map would cost more than all else that is done for a question: V8 interns the texts that are looked up in
 * one, and what a Map has outgrown keeps its entries alive until the next collection of the whole heap.
 */
export class Flights {
  /** By the lowest bits of the hash; `next` leads to others in the same place. */
  #places: (Flight | undefined)[] = new Array(PLACES).fill(undefined)
  /** Flights in all. */
  count = 0

  find(question: Question, hash: number, overStream: boolean): Flight | undefined {
    let flight = this.#places[hash & (this.#places.length - 1)]
    while (flight && !(flight.hash === hash && flight.overStream === overStream && flight.question.equals(question)))
      flight = flight.next
    return flight
  }

  add(flight: Flight): void {
    if (this.count === this.#places.length) this.#grow()
    this.#put(flight)
    this.count++
  }

  delete(flight: Flight): void {
    const place = flight.hash & (this.#places.length - 1)
    let before = this.#places[place]
    if (before === flight) this.#places[place] = flight.next
    else {
      while (before && before.next !== flight) before = before.next
      if (!before) return
      before.next = flight.next
    }
    flight.next = undefined
    this.count--
  }

  /** All of them, as they are now. */
  list(): Flight[] {
    const flights: Flight[] = []
    for (let flight of this.#places) for (; flight; flight = flight.next) flights.push(flight)
    return flights
  }

  #put(flight: Flight): void {
    const place = flight.hash & (this.#places.length - 1)
    flight.next = this.#places[place]
    this.#places[place] = flight
  }

  #grow(): void {
    const flights = this.list()
    this.#places = new Array(2 * this.#places.length).fill(undefined)
    for (const flight of flights) this.#put(flight)
  }
}
