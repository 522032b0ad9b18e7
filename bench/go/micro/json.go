// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
)

type user struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	Email     string `json:"email,omitempty"`
	CreatedAt string `json:"created_at"`
}

func makeUser(i int) user {
	return user{
		ID:        int64(1000 + i),
		Name:      fmt.Sprintf("Ada Lovelace %d", i),
		Email:     fmt.Sprintf("ada.%d@example.com", i),
		CreatedAt: "2026-11-24T04:05:06Z",
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// jsonArray encodes and decodes an array of a thousand users.
func jsonArray(n int) {
	users := make([]user, 1000)
	for i := range users {
		users[i] = makeUser(i)
	}
	text, err := json.Marshal(users)
	must(err)

	throughput("json_array_encode", n, len(text), func(n int) {
		for i := 0; i < n; i++ {
			out, err := json.Marshal(users)
			must(err)
			if len(out) != len(text) {
				panic("json_array: wrong length")
			}
		}
	})
	throughput("json_array_decode", n, len(text), func(n int) {
		for i := 0; i < n; i++ {
			var back []user
			must(json.Unmarshal(text, &back))
			if len(back) != len(users) || back[999] != users[999] {
				panic("json_array: wrong value")
			}
		}
	})
}

// jsonOne encodes and decodes one user.
func jsonOne(n int) {
	one := makeUser(7)
	text, err := json.Marshal(one)
	must(err)

	perOp("json_one_encode", n, func(n int) {
		for i := 0; i < n; i++ {
			out, err := json.Marshal(&one)
			must(err)
			if len(out) != len(text) {
				panic("json_one: wrong length")
			}
		}
	})
	perOp("json_one_decode", n, func(n int) {
		for i := 0; i < n; i++ {
			var back user
			must(json.Unmarshal(text, &back))
			if back != one {
				panic("json_one: wrong value")
			}
		}
	})
}
