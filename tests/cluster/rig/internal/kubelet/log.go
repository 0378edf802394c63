package kubelet

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const longestLine = 16 << 10 // longer ones are written in parts, as container runtimes do

// containerLog is a file in the format of container runtimes: time, stream, whether the line is whole, text.
type containerLog struct {
	lock    sync.Mutex
	file    *os.File
	streams []*stream
}

type stream struct {
	log  *containerLog
	name string
	rest []byte // of a line whose end has not come yet
}

func newLog(path string) (*containerLog, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	return &containerLog{file: file}, err
}

func (l *containerLog) stream(name string) io.Writer {
	made := &stream{log: l, name: name}
	l.streams = append(l.streams, made)
	return made
}

// Write takes what the container printed; it is called by one goroutine per stream.
func (s *stream) Write(text []byte) (int, error) {
	s.log.lock.Lock()
	defer s.log.lock.Unlock()
	s.rest = append(s.rest, text...)
	for {
		end := bytes.IndexByte(s.rest, '\n')
		switch {
		case end >= 0:
			s.line("F", s.rest[:end])
			s.rest = s.rest[end+1:]
		case len(s.rest) >= longestLine:
			s.line("P", s.rest[:longestLine])
			s.rest = s.rest[longestLine:]
		default:
			return len(text), nil
		}
	}
}

func (s *stream) line(kind string, text []byte) {
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z07:00")
	_, _ = fmt.Fprintf(s.log.file, "%s %s %s %s\n", now, s.name, kind, text) // a full disk: the log ends, the pod goes on
}

func (l *containerLog) close() {
	l.lock.Lock()
	defer l.lock.Unlock()
	for _, each := range l.streams {
		if len(each.rest) > 0 {
			each.line("F", each.rest)
		}
	}
	_ = l.file.Close()
}
