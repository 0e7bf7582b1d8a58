using BenchmarkDotNet.Loggers;

namespace Totem.Bench.Micro;

/// <summary>Sends what BenchmarkDotNet says where progress goes; the standard output is for results.</summary>
internal sealed class ProgressLogger(TextWriter progress) : ILogger
{
    public string Id => nameof(ProgressLogger);

    public int Priority => 0;

    public void Write(LogKind logKind, string text) => progress.Write(text);

    public void WriteLine() => progress.WriteLine();

    public void WriteLine(LogKind logKind, string text) => progress.WriteLine(text);

    public void Flush() => progress.Flush();
}
