import { map, message, shape, text } from './shape.ts'

/** `meta/v1.ObjectMeta`, of which a time is only there or not. */
export const META = shape(
  text(1, 'name'),
  text(3, 'namespace'),
  message(9, 'deletionTimestamp', shape()),
  map(11, 'labels'),
  map(12, 'annotations'),
)
