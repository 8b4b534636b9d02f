module plenoptic/bench/pocketbase

go 1.25

require (
	github.com/pocketbase/dbx v1.12.0
	github.com/pocketbase/pocketbase v0.36.8
)
