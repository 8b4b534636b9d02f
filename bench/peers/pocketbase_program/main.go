// PocketBase as it comes, with two things that its configuration has no flags for: how often SQLite syncs, and how many connections it opens.
// BENCH_SYNCHRONOUS (NORMAL, PocketBase's own, or FULL) and BENCH_CONNECTIONS (0: PocketBase's own) set them.
package main

import (
	"log"
	"os"
	"strconv"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
)

func main() {
	config := pocketbase.Config{}
	if connections, err := strconv.Atoi(os.Getenv("BENCH_CONNECTIONS")); err == nil && connections > 0 {
		config.DataMaxOpenConns, config.DataMaxIdleConns = connections, connections
	}
	if os.Getenv("BENCH_SYNCHRONOUS") == "FULL" {
		config.DBConnect = func(path string) (*dbx.DB, error) {
			// PocketBase's own pragmas but for synchronous, and with a page cache that holds the data set.
			return dbx.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=journal_size_limit(200000000)"+
				"&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-131072)")
		}
	} else {
		config.DBConnect = core.DefaultDBConnect
	}
	app := pocketbase.NewWithConfig(config)
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
}
