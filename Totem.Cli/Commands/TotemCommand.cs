using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Totem.CommandLine;

namespace Totem.Cli.Commands;

/// <summary>A subcommand: knows its examples, which stand at the end of its help text.</summary>
internal abstract class TotemCommand : Command
{
    /// <summary>Creates the command; subclasses add their options and set the action.</summary>
    protected TotemCommand(string name, string description) : base(name, description)
    {
    }

    /// <summary>Command lines worth copying, each with what it does.</summary>
    public virtual IReadOnlyList<(string CommandLine, string Does)> Examples => [];

    /// <summary>The meaning of the exit codes for this command, but for <see cref="ExitCode.Unexpected"/>, which every
    /// command has.</summary>
    public virtual IReadOnlyList<(int Code, string Means)> ExitCodes => [];
}

/// <summary>The help text of System.CommandLine, then examples and exit codes.</summary>
internal sealed class HelpWithExamples(HelpAction plain) : SynchronousCommandLineAction
{
    /// <summary>True: asking for help is never an error, whatever else stands on the line.</summary>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc />
    public override int Invoke(ParseResult parseResult)
    {
        plain.Invoke(parseResult);
        if (parseResult.CommandResult.Command is not TotemCommand command)
            return ExitCode.Ok;
        var output = parseResult.InvocationConfiguration.Output;
        WriteList(output, "Examples:", command.Examples);
        IEnumerable<(int Code, string Means)> exitCodes =
            [.. command.ExitCodes, (ExitCode.Unexpected, "an error of totem itself; the exception is printed")];
        WriteList(output, "Exit codes:", [.. exitCodes.OrderBy(x => x.Code).Select(x => (x.Code.ToString(), x.Means))]);
        return ExitCode.Ok;
    }

    private static void WriteList(TextWriter output, string title, IReadOnlyList<(string Left, string Right)> lines)
    {
        if (lines.Count == 0)
            return;
        output.WriteLine(title);
        var width = lines.Max(x => x.Left.Length);
        foreach (var (left, right) in lines)
            output.WriteLine($"  {left.PadRight(width)}  {right}");
        output.WriteLine();
    }
}
