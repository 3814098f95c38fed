//go:build tools

// Package quorum pins the GoQuorum release that stands in for Besu on a developer's machine.
package quorum

import _ "github.com/ethereum/go-ethereum/cmd/geth"
