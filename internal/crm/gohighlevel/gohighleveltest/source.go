package gohighleveltest

import (
	"encoding/hex"
	"sync/atomic"
)

// source gives seeded pseudo-random numbers without a lock: the n-th number depends only on the seed and n.
type source struct {
	seed, n atomic.Uint64
}

func (s *source) restore(seed, drawn uint64) {
	s.seed.Store(seed)
	s.n.Store(drawn)
}

func (s *source) next() uint64 {
	z := s.seed.Load() + s.n.Add(1)*0x9e3779b97f4a7c15
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// float returns a number in [0, 1).
func (s *source) float() float64 { return float64(s.next()>>11) / (1 << 53) }

const idLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// id returns n letters and digits, as the vendor's ids are.
func (s *source) id(n int) string {
	out := make([]byte, n)
	var v uint64
	for i := range out {
		if i%10 == 0 {
			v = s.next()
		}
		out[i] = idLetters[v%62]
		v /= 62
	}
	return string(out)
}

// hex returns n hexadecimal digits.
func (s *source) hex(n int) string {
	var raw [32]byte
	for i := 0; i < n/2; i += 8 {
		v := s.next()
		for j := range 8 {
			raw[i+j] = byte(v >> (8 * j))
		}
	}
	return hex.EncodeToString(raw[:n/2])
}

// uuid returns an identifier of the form of a UUID.
func (s *source) uuid() string {
	h := s.hex(32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}
