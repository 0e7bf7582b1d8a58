using System.Globalization;
using Totem.CommandLine;
using Totem.Simulation.Checkers;

namespace Totem.Cli.Traces;

/// <summary>The name of a life as it is typed: <c>3</c> or <c>3#2</c>.</summary>
internal static class LifeName
{
    /// <summary>Reads a name.</summary>
    /// <exception cref="CommandFailedException">It is not the name of a life.</exception>
    public static LifeId Parse(string text)
    {
        var parts = text.Split('#');
        if (parts.Length <= 2
            && uint.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var node) && node > 0
            && int.TryParse(parts.ElementAtOrDefault(1) ?? "1", NumberStyles.None, CultureInfo.InvariantCulture,
                out var life) && life > 0)
        {
            return new LifeId(new ProcessorId(node), life);
        }

        throw new CommandFailedException(
            ExitCode.Usage, $"'{text}' names no life, expected NODE or NODE#LIFE such as 3#1");
    }
}
