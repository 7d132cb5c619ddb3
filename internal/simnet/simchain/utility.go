package simchain

func (w *work) batch(origin Account, a args) *Failure {
	calls := a.calls("calls")
	if len(calls) > batchLimit {
		return &Failure{"Utility", "TooManyCalls"}
	}
	for i, c := range calls {
		if f := w.dispatch(origin, c); f != nil {
			w.emit("Utility", "BatchInterrupted", map[string]any{"index": i, "error": w.dispatchError(f)})
			return nil
		}
		w.emit("Utility", "ItemCompleted", nil)
	}
	w.emit("Utility", "BatchCompleted", nil)
	return nil
}

func (w *work) batchAll(origin Account, a args) *Failure {
	for _, c := range a.calls("calls") {
		if f := w.dispatch(origin, c); f != nil {
			return f
		}
		w.emit("Utility", "ItemCompleted", nil)
	}
	w.emit("Utility", "BatchCompleted", nil)
	return nil
}

func (w *work) forceBatch(origin Account, a args) *Failure {
	end := "BatchCompleted"
	for _, c := range a.calls("calls") {
		if f := w.dispatch(origin, c); f != nil {
			w.emit("Utility", "ItemFailed", map[string]any{"error": w.dispatchError(f)})
			end = "BatchCompletedWithErrors"
			continue
		}
		w.emit("Utility", "ItemCompleted", nil)
	}
	w.emit("Utility", end, nil)
	return nil
}
