package store_test
import "os"
var pglog, _ = os.Create("/tmp/pg.log")
