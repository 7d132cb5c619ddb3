package chain

// newestWhere returns the greatest n in [low, high] for which holds is true. It must be true for all numbers up to
// some point and false from there on. Numbers close to high are asked first, because that is where the answer mostly
// is: the number of questions grows with the logarithm of the distance from high.
func newestWhere(low, high uint32, holds func(uint32) (bool, error)) (n uint32, found bool, err error) {
	if low > high {
		return 0, false, nil
	}
	good, bad := high, uint64(high)+1
	for step := uint32(1); ; step *= 2 {
		yes, err := holds(good)
		if err != nil {
			return 0, false, err
		}
		if yes {
			break
		}
		if good == low {
			return 0, false, nil
		}
		bad = uint64(good)
		if step == 0 || good-low < step {
			good = low
		} else {
			good -= step
		}
	}
	for bad-uint64(good) > 1 {
		middle := good + uint32((bad-uint64(good))/2)
		yes, err := holds(middle)
		if err != nil {
			return 0, false, err
		}
		if yes {
			good = middle
		} else {
			bad = uint64(middle)
		}
	}
	return good, true, nil
}
