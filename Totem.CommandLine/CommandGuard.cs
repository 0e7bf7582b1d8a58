namespace Totem.CommandLine;

/// <summary>Runs a command; whatever it throws becomes words and an exit code.</summary>
/// <param name="name">The name of the command, in front of each line.</param>
/// <param name="foreseen">The exit code and the words of a failure that the command knows; null for any other.</param>
public sealed class CommandGuard(string name, Func<Exception, (int ExitCode, string Message)?> foreseen)
{
    /// <summary>Runs a command.</summary>
    /// <returns>Its own exit code, or that of its failure.</returns>
    public async Task<int> RunAsync(Func<Task<int>> run, TextWriter error)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(error);
        try
        {
            return await run().ConfigureAwait(false);
        }
        catch (CommandFailedException failure)
        {
            await error.WriteLineAsync($"{name}: {failure.Message}").ConfigureAwait(false);
            return failure.ExitCode;
        }
// The last resort: scripts get a code that is documented, and people the whole exception.
#pragma warning disable CA1031
        catch (Exception failure)
#pragma warning restore CA1031
        {
            var (exitCode, message) = foreseen(failure) ?? (ExitCode.Unexpected, $"unexpected: {failure}");
            await error.WriteLineAsync($"{name}: {message}").ConfigureAwait(false);
            return exitCode;
        }
    }
}
