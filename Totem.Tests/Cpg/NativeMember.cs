using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

namespace Totem.Tests.Cpg;

/// <summary>A running <c>cpg_member</c>: what it says, and what it is told. Ended with this object.</summary>
internal sealed class NativeMember : IDisposable
{
    private static readonly TimeSpan Limit = HangLimit.OfAWait;

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    private NativeMember(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
                _lines.Writer.TryWrite(text);
            else
                _lines.Writer.TryComplete();
        };
        process.ErrorDataReceived += (_, line) => _lines.Writer.TryWrite($"0 error {line.Data}");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    /// <param name="wrapper">The command before it, such as a network namespace.</param>
    /// <param name="group">The group that it joins.</param>
    /// <param name="environment">Which libraries and ring it uses.</param>
    public static NativeMember Start(
        IReadOnlyList<string> wrapper, string group, IReadOnlyDictionary<string, string> environment)
    {
        var info = NativeBuild.StartInfo([.. wrapper, NativeBuild.Program("cpg_member"), group], environment);
        info.RedirectStandardInput = true;
        return new NativeMember(Process.Start(info)!);
    }

    public void Tell(string command) => _process.StandardInput.WriteLine(command);

    /// <summary>Waits until it says a line with these words.</summary>
    /// <returns>The time in microseconds of the monotonic clock, and the line.</returns>
    public async Task<(long Time, string Line)> HearsAsync(string words)
    {
        using var limit = new CancellationTokenSource(Limit);
        var heard = new List<string>();
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(limit.Token))
            {
                heard.Add(line);
                if (line.Contains(words, StringComparison.Ordinal))
                    return (long.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture), line);
            }
        }
        catch (OperationCanceledException)
        {
        }

        throw new InvalidOperationException($"member {Id} did not say '{words}' but: "
            + $"{string.Join(" | ", heard.TakeLast(20))}");
    }

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
