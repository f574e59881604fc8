/** What is shared, in the state files of this package and of the Python one. */
export const RESOURCE = "slot";
