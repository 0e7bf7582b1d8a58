using Totem.Simulation.Traces;

namespace Totem.Cli.Traces;

/// <summary>The traces of one run: a file for each life of each member.</summary>
internal static class RunTraces
{
    /// <summary>Reads and merges them.</summary>
    /// <exception cref="CommandFailedException">A file cannot be read, or is no trace.</exception>
    public static Trace Read(IEnumerable<string> files)
    {
        try
        {
            return Trace.Merge(files.Select(file => TraceReader.ReadFile(file).Events));
        }
        catch (Exception failure) when (failure is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, failure.Message);
        }
    }
}
