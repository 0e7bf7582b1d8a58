namespace Totem.CommandLine;

/// <summary>Ends the command with one line on stderr and an exit code. The message says what was expected.</summary>
public sealed class CommandFailedException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="exitCode">One of <see cref="CommandLine.ExitCode"/>.</param>
    /// <param name="message">For people: what was found and what was expected.</param>
    public CommandFailedException(int exitCode, string message) : base(message) => ExitCode = exitCode;

    /// <summary>The exit code of the process.</summary>
    public int ExitCode { get; }
}
