package platform

import (
	"fmt"
	"log/slog"

	tlog "go.temporal.io/sdk/log"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
)

// NewLogger makes the house's logger on standard error. Level is debug, info, warn or error; format is json or console. What
// must not be logged is withheld from it once more, whoever logs it: see Withhold.
func NewLogger(level, format string) (*zap.Logger, error) {
	parsed, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("log level %q: use debug, info, warn or error", level)
	}
	config := zap.NewProductionConfig()
	config.Level = zap.NewAtomicLevelAt(parsed)
	config.DisableStacktrace = true
	config.EncoderConfig.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	switch format {
	case "json":
	case "console":
		config.Encoding = "console"
		config.EncoderConfig = zap.NewDevelopmentEncoderConfig()
	default:
		return nil, fmt.Errorf("log format %q: use json or console", format)
	}
	config.EncoderConfig.NewReflectedEncoder = withheldStructures
	return config.Build(zap.WrapCore(Withhold))
}

// TemporalLogger lets the Temporal SDK write to zap. The SDK adds workflow, run and activity ids to each line; stack
// traces are left out, since the SDK logs every failed attempt as an error.
func TemporalLogger(z *zap.Logger) tlog.Logger {
	return tlog.NewStructuredLogger(slog.New(zapslog.NewHandler(z.Core(), zapslog.AddStacktraceAt(slog.Level(127)))))
}
