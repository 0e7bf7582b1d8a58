using System.Diagnostics;
using Totem.Cli.Workers;
using Totem.Tests.Processes;

namespace Totem.Tests.Corosync;

/// <summary>Everything that passes the switch of a <see cref="NamespaceNetwork"/>, in a file.</summary>
internal sealed class NetworkCapture : IAsyncDisposable
{
    private static readonly TimeSpan Limit = HangLimit.OfAWait;

    private readonly Process _process;

    private NetworkCapture(Process process) => _process = process;

    /// <summary>Begins; it captures when this returns.</summary>
    public static async Task<NetworkCapture> StartAsync(NamespaceNetwork network, string file)
    {
        network.PassSingly();
        // dumpcap is what tshark captures with. Without it in front there is one process to end,
        // and no dissector runs along.
        string[] command = [.. network.SwitchWrapper, "dumpcap", "-q", "-i", "main", "-i", "side", "-w", file, "-a",
            "duration:300", "-P"];
        var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true,
        })!;
        var capture = new NetworkCapture(process);
        try
        {
            using var limit = new CancellationTokenSource(Limit);
            while (await process.StandardError.ReadLineAsync(limit.Token) is { } line)
            {
                if (line.StartsWith("File:", StringComparison.Ordinal))
                    return capture;
            }

            throw new InvalidOperationException("the capture ended before it began");
        }
        catch
        {
            await capture.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends; the file is whole when this returns.</summary>
    public async ValueTask DisposeAsync()
    {
        ProcessSignal.Terminate(_process);
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
