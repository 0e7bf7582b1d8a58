using Totem.CommandLine;
using Totem.Transport.Udp.Embedding;

namespace Totem.Cli.Nodes;

/// <summary>Starts members; what the machine refuses becomes the command's error.</summary>
internal static class NodeStart
{
    /// <summary>Starts a member.</summary>
    /// <exception cref="CommandFailedException">The machine refuses: a port is taken, a directory cannot be
    /// written, the ring sequence in it is damaged.</exception>
    public static async Task<TotemNode> StartAsync(TotemNodeOptions options)
    {
        try
        {
            return await TotemNode.StartAsync(options).ConfigureAwait(false);
        }
        catch (TransportException failure)
        {
            throw new CommandFailedException(ExitCode.Environment, failure.Message);
        }
        catch (ArgumentException failure) when (failure.ParamName == nameof(options))
        {
            // The flags and the file together.
            throw new CommandFailedException(ExitCode.Usage, FailureText.Of(failure));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // All that is left is the ring sequence. A damaged one is InvalidDataException, and its
            // message says what to do.
            throw new CommandFailedException(
                ExitCode.Environment, $"--state {options.StateDirectory}: {failure.Message}");
        }
    }
}
