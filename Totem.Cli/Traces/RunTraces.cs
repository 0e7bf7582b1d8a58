using Totem.CommandLine;
using Totem.Simulation.Traces;
using Totem.Transport.Udp.Embedding;

namespace Totem.Cli.Traces;

/// <summary>The traces of one run: a file for each life of each member.</summary>
internal static class RunTraces
{
    /// <summary>Reads and merges them.</summary>
    /// <exception cref="CommandFailedException">A file cannot be read, is no trace, or has no start.</exception>
    public static Trace Read(IEnumerable<string> files)
    {
        try
        {
            return Trace.Merge(files.Select(ReadLife));
        }
        catch (InvalidDataException failure)
        {
            throw new CommandFailedException(ExitCode.Usage, failure.Message);
        }
    }

    // Every member writes its start before anything else: without one the file is another's, or lost its beginning, and
    // nothing that is checked over the rest means much.
    private static IReadOnlyList<TraceEvent> ReadLife(string file)
    {
        try
        {
            return TraceReader.ReadFile(file).Events is [{ Kind: TraceEventKind.Start }, ..] events
                ? events
                : throw new InvalidDataException($"{file}: no start of a member, expected as the first event");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, FailureText.OfFile(file, failure));
        }
    }
}
