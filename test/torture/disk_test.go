package torture

import (
	"os"
	"time"

	"github.com/tailrace/tailrace/internal/vfs/crashfs"
	"github.com/tailrace/tailrace/test/fusemount"
)

// disk is a simulated disk that the state is on.
type disk struct {
	stable *crashfs.FS
	mount  *fusemount.Mount
}

// canPowerFail says whether the machine has FUSE, and lets the tests mount.
func canPowerFail() bool {
	_, err := os.Stat("/dev/fuse")
	return err == nil && canMount()
}

// newDisk puts the state on a new one. What stores of refused documents take at
// once is memory there.
func newDisk(r *round) *disk {
	r.TB.Helper()
	name := r.Path("disk.yaml")
	r.must(os.WriteFile(name, []byte("service: {journal: {dead_letter: {max_size: 1MiB}, park: {max_size: 1MiB}}}\n"), 0o644))
	r.configs = append(r.configs, name)
	stable := crashfs.New()
	return &disk{stable, fusemount.On(r.TB, r.Path("state"), stable)}
}

// powerFails lets a working agent lose power. Of what was not synced, by this
// life and those since the last power failure, the disk keeps nothing, some, or
// the heads.
func (r *round) powerFails() {
	agent := r.start()
	r.pause(r.upTo(3 * time.Second))
	if !r.alive(agent, "until the power fails") {
		return
	}
	loss := crashfs.Loss(r.rand.IntN(int(crashfs.LoseNothing)))
	r.disk.stable.Kill()
	agent.Kill()
	r.disk.mount.End()
	r.disk.stable = r.disk.stable.Crash(loss, r.rand.Uint64())
	r.disk.mount = fusemount.On(r.TB, r.Path("state"), r.disk.stable)
	r.killed(1)
	r.fired("power-fails", 1)
}
