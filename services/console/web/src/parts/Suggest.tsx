import { AutoComplete, type AutoCompleteProps } from "antd";
import { useState, type KeyboardEvent } from "react";

/** The list takes a Tab to choose by and keeps the focus: it does not hear of it. */
const leave = (event: KeyboardEvent) => {
  if (event.key === "Tab") event.stopPropagation();
};

/** A field that suggests: arrows and Enter choose, a Tab goes on to the next field with what was typed. */
export function Suggest<V, O extends { label?: unknown; value?: V }>({ onBlur, ...props }: AutoCompleteProps<V, O>) {
  // suggestions that come when the field was left stay away
  const [open, setOpen] = useState(false);
  return (
    <AutoComplete<V, O> {...props} open={open} onOpenChange={setOpen} onInputKeyDown={leave}
      onBlur={(event) => { setOpen(false); onBlur?.(event); }} />
  );
}
