using System.Threading.Channels;

namespace Totem.Cli.Nodes;

/// <summary>
/// Lines of the standard input as a stream that can be cancelled. The console's own reader blocks its thread and cannot
/// be cancelled, so a background thread reads, at most a few lines ahead.
/// </summary>
internal static class LineSource
{
    private const int LinesAheadMax = 64;

    /// <summary>Begins to read; the stream ends with the input.</summary>
    public static ChannelReader<string> Read(TextReader input)
    {
        var channel = Channel.CreateBounded<string>(
            new BoundedChannelOptions(LinesAheadMax) { SingleReader = true, SingleWriter = true });
        var thread = new Thread(() => Pump(input, channel.Writer)) { IsBackground = true, Name = "totem input" };
        thread.Start();
        return channel.Reader;
    }

    private static void Pump(TextReader input, ChannelWriter<string> writer)
    {
        try
        {
            while (input.ReadLine() is { } line)
            {
                if (!writer.TryWrite(line))
                    WriteWhenThereIsRoom(writer, line);
            }

            writer.TryComplete();
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or ChannelClosedException)
        {
            writer.TryComplete();
        }
    }

    // This thread is ours alone and has nothing else to do: blocking it is what it is for.
#pragma warning disable VSTHRD002
    private static void WriteWhenThereIsRoom(ChannelWriter<string> writer, string line)
        => writer.WriteAsync(line).AsTask().GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
}
