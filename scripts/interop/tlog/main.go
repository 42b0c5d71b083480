// Reads a log that was published as files and checks it with Go's own packages:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run scripts/interop/tlog/main.go DIRECTORY VKEY_FILE
//
// The checkpoint must verify, every entry must be in the tree, and the tree must begin with each of its smaller sizes.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type files struct{ root string }

func (f files) Height() int                         { return 8 }
func (f files) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (f files) read(path string) []byte {
	// Go says tile/8/<level>/<index> where tlog-tiles says tile/<level>/<index>.
	data, err := os.ReadFile(filepath.Join(f.root, strings.Replace(path, "tile/8/", "tile/", 1)))
	check(err)
	return data
}

func (f files) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		data = append(data, f.read(tile.Path()))
	}
	return data, nil
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func tree(root string, vkey string) tlog.Tree {
	text, err := os.ReadFile(vkey)
	check(err)
	verifier, err := note.NewVerifier(strings.TrimSpace(string(text)))
	check(err)
	signed, err := note.Open(files{root}.read("checkpoint"), note.VerifierList(verifier))
	check(err)
	lines := strings.Split(signed.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	digest, err := base64.StdEncoding.DecodeString(lines[2])
	check(err)
	result := tlog.Tree{N: size}
	copy(result.Hash[:], digest)
	return result
}

func main() {
	log.SetFlags(0)
	source := files{os.Args[1]}
	head := tree(os.Args[1], os.Args[2])
	hashes := tlog.TileHashReader(head, source)
	for index := int64(0); index < head.N; {
		tile := tlog.Tile{H: 8, L: 0, N: index / 256, W: 256}
		if left := head.N - tile.N*256; left < 256 {
			tile.W = int(left)
		}
		bundle := source.read(strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1))
		level := source.read(tile.Path())
		for position := 0; len(bundle) > 0; position++ {
			length := 2 + int(binary.BigEndian.Uint16(bundle))
			leaf := tlog.RecordHash(bundle[2:length])
			bundle = bundle[length:]
			if string(leaf[:]) != string(level[position*32:position*32+32]) {
				log.Fatalf("entry %d is not the one of the tile", index)
			}
			if index%97 == 0 || index == head.N-1 {
				proof, err := tlog.ProveRecord(head.N, index, hashes)
				check(err)
				check(tlog.CheckRecord(proof, head.N, head.Hash, index, leaf))
			}
			index++
		}
	}
	for size := int64(1); size < head.N; size += size/3 + 1 {
		root, err := tlog.TreeHash(size, hashes)
		check(err)
		proof, err := tlog.ProveTree(head.N, size, hashes)
		check(err)
		check(tlog.CheckTree(proof, head.N, head.Hash, size, root))
	}
	fmt.Println("ok", head.N, base64.StdEncoding.EncodeToString(head.Hash[:]))
}
